"""Stands in for :mod:`contextlib`: what oxtail uses of it, without what it is made of."""

# mypy: ignore-errors

from oxtail.lean import from_real


class _Managed:
    """The block of a generator: up to its ``yield`` before, the rest after."""

    def __init__(self, generator):
        self._generator = generator

    def __enter__(self):
        for value in self._generator:
            return value
        raise RuntimeError("generator didn't yield")

    def __exit__(self, kind, error, trace):
        if kind is None:
            for _ in self._generator:
                self._generator.close()
                raise RuntimeError("generator didn't stop")
            return False
        error = kind() if error is None else error
        try:
            self._generator.throw(error)
        except StopIteration:
            return True  # the generator has dealt with it
        except RuntimeError as raised:
            # Python turns a StopIteration that leaves a generator into a RuntimeError.
            is_wrapped = isinstance(error, StopIteration) and raised.__cause__ is error
            if raised is not error and not is_wrapped:
                raise
            return False
        except BaseException as raised:
            if raised is not error:
                raise
            return False
        self._generator.close()
        raise RuntimeError("generator didn't stop after throw()")


def contextmanager(function):
    """Return a function whose result manages a ``with`` block by the generator of *function*."""

    def managed(*arguments, **members):
        return _Managed(function(*arguments, **members))

    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(managed, name, getattr(function, name))
    managed.__wrapped__ = function
    return managed


class suppress:  # noqa: N801 - the name that it stands in for
    """Ends the block without a word at one of the given errors."""

    def __init__(self, *kinds):
        self._kinds = kinds

    def __enter__(self):
        return None

    def __exit__(self, kind, error, trace):
        return kind is not None and issubclass(kind, self._kinds)


class nullcontext:  # noqa: N801 - the name that it stands in for
    """Manages nothing."""

    def __init__(self, enter_result=None):
        self.enter_result = enter_result

    def __enter__(self):
        return self.enter_result

    def __exit__(self, *_):
        return None


class closing:  # noqa: N801 - the name that it stands in for
    """Closes a thing at the end of the block."""

    def __init__(self, thing):
        self.thing = thing

    def __enter__(self):
        return self.thing

    def __exit__(self, *_):
        self.thing.close()


__getattr__ = from_real("contextlib")
