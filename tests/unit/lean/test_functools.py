"""What stands in for ``functools`` behaves as the real thing."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from oxtail.lean import functools as lean


@pytest.fixture(params=[functools, lean], ids=["functools", "lean"])
def tools(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.parametrize("form", ["lru_cache", "lru_cache()", "lru_cache(maxsize=2)", "cache"])
def test_results_are_kept(tools: Any, form: str) -> None:
    asked = []
    decorate = eval(f"tools.{form}", {"tools": tools})

    @decorate
    def double(number: int) -> int:
        """Twice as much."""
        asked.append(number)
        return 2 * number

    assert [double(1), double(1), double(2)] == [2, 2, 4]
    assert asked == [1, 2]
    assert (double.__name__, double.__doc__) == ("double", "Twice as much.")
    assert double.__wrapped__(4) == 8
    double.cache_clear()
    assert double(1) == 2
    assert asked == [1, 2, 4, 1]
    assert double.cache_info().misses == 1


def test_no_more_are_kept_than_wanted(tools: Any) -> None:
    asked = []

    @tools.lru_cache(maxsize=1)
    def same(number: int) -> int:
        asked.append(number)
        return number

    for number in (1, 2, 1):
        same(number)
    assert asked == [1, 2, 1]


def test_a_wrapper_looks_like_what_it_wraps(tools: Any) -> None:
    def plain() -> None:
        """Do."""

    plain.mark = 3  # type: ignore[attr-defined]

    @tools.wraps(plain)
    def wrapper() -> None: ...

    assert (wrapper.__name__, wrapper.__doc__, wrapper.mark) == ("plain", "Do.", 3)
    assert wrapper.__wrapped__ is plain


def test_the_rest_is_that_of_the_interpreter() -> None:
    assert lean.partial is functools.partial
    assert lean.reduce is functools.reduce
