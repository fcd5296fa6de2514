"""What stands in for ``contextlib`` behaves as the real thing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from oxtail.lean import contextlib as lean


@pytest.fixture(params=[contextlib, lean], ids=["contextlib", "lean"])
def tools(request: pytest.FixtureRequest) -> Any:
    return request.param


class Steps:
    """Notes what a managed block does, and treats errors as told."""

    def __init__(self, tools: Any) -> None:
        self.seen: list[str] = []
        self.managed = tools.contextmanager(self._managed)

    def _managed(self, errors: str = "pass on") -> Iterator[int]:
        """Manage."""
        self.seen.append("before")
        try:
            yield 7
        except ValueError as error:
            self.seen.append(f"error {error}")
            if errors == "pass on":
                raise
            if errors == "replace":
                raise KeyError("other") from error
        finally:
            self.seen.append("after")


def test_a_block_runs_between_the_halves(tools: Any) -> None:
    steps = Steps(tools)

    with steps.managed() as value:
        steps.seen.append(f"block {value}")

    assert steps.seen == ["before", "block 7", "after"]
    assert steps.managed.__name__ == "_managed"
    assert steps.managed.__doc__ == "Manage."


@pytest.mark.parametrize(
    ("errors", "expected"), [("pass on", ValueError), ("replace", KeyError), ("end", None)]
)
def test_an_error_comes_to_the_generator(tools: Any, errors: str, expected: Any) -> None:
    steps = Steps(tools)

    def block() -> None:
        with steps.managed(errors):
            raise ValueError("x")

    if expected:
        with pytest.raises(expected):
            block()
    else:
        block()
    assert steps.seen == ["before", "error x", "after"]


@pytest.mark.parametrize("error", [StopIteration("x"), RuntimeError("x"), KeyboardInterrupt()])
def test_errors_that_generators_use_themselves_pass_unchanged(
    tools: Any, error: BaseException
) -> None:
    with pytest.raises(type(error)) as raised, Steps(tools).managed():
        raise error
    assert raised.value is error


def test_a_generator_yields_once(tools: Any) -> None:
    @tools.contextmanager
    def never() -> Iterator[None]:
        yield from ()

    @tools.contextmanager
    def twice() -> Iterator[None]:
        with tools.suppress(ValueError):
            yield
        yield

    with pytest.raises(RuntimeError, match="didn't yield"), never():
        raise AssertionError
    with pytest.raises(RuntimeError, match="didn't stop"), twice():
        pass
    with pytest.raises(RuntimeError, match="didn't stop"), twice():
        raise ValueError


def test_named_errors_are_suppressed_and_no_others(tools: Any) -> None:
    with tools.suppress(OSError, KeyError):
        raise FileNotFoundError
    with tools.suppress(OSError) as nothing:
        pass
    assert nothing is None
    with pytest.raises(ValueError, match="x"), tools.suppress(OSError):
        raise ValueError("x")


def test_things_are_closed_and_nothing_is_managed(tools: Any) -> None:
    class Door:
        is_open = True

        def close(self) -> None:
            self.is_open = False

    with tools.closing(Door()) as door:
        assert door.is_open
    assert not door.is_open
    with pytest.raises(ValueError, match="x"), tools.closing(door):
        raise ValueError("x")
    with tools.nullcontext(5) as five:
        assert five == 5
