"""Stands in for :mod:`functools`: what is written in C, and the decorators around it."""

# mypy: ignore-errors

from _functools import _lru_cache_wrapper, cmp_to_key, partial, reduce  # noqa: F401

from oxtail.lean import from_real, real

WRAPPER_ASSIGNMENTS = ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__")
_NOTHING = object()


def update_wrapper(wrapper, wrapped, assigned=WRAPPER_ASSIGNMENTS, updated=("__dict__",)):
    """Make *wrapper* look like *wrapped*, and return it."""
    for name in assigned:
        value = getattr(wrapped, name, _NOTHING)
        if value is not _NOTHING:
            setattr(wrapper, name, value)
    for name in updated:
        getattr(wrapper, name).update(getattr(wrapped, name, {}))
    wrapper.__wrapped__ = wrapped
    return wrapper


def wraps(wrapped, assigned=WRAPPER_ASSIGNMENTS, updated=("__dict__",)):
    """Return a decorator that makes a wrapper look like *wrapped*."""
    return lambda wrapper: update_wrapper(wrapper, wrapped, assigned, updated)


def _cache_info(*numbers):
    return real("functools")._CacheInfo(*numbers)  # noqa: SLF001 - what the real one returns


def lru_cache(maxsize=128, typed=False):
    """Return a decorator that keeps the latest *maxsize* results, all of them with None."""
    if callable(maxsize):
        return lru_cache()(maxsize)
    size = None if maxsize is None else max(maxsize, 0)
    return lambda function: update_wrapper(
        _lru_cache_wrapper(function, size, typed, _cache_info), function
    )


def cache(function):
    """Keep all results of *function*."""
    return lru_cache(None)(function)


__getattr__ = from_real("functools")
