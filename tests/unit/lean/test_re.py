"""What stands in for ``re`` behaves as the real thing, only later."""

from __future__ import annotations

import re
from typing import Any

import pytest

from oxtail.lean import re as lean


@pytest.fixture(params=[re, lean], ids=["re", "lean"])
def engine(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.parametrize(
    ("method", "arguments", "found"),
    [
        ("match", ("Ab!",), "Ab"),
        ("fullmatch", ("aB",), "aB"),
        ("search", ("xxAb",), "Ab"),
    ],
)
def test_a_match_is_the_same(engine: Any, method: str, arguments: Any, found: str) -> None:
    pattern = engine.compile("A(.)", flags=engine.IGNORECASE)

    assert getattr(pattern, method)(*arguments)[0] == found
    assert getattr(pattern, method)(*arguments)[1] == found[1]
    assert getattr(pattern, method)("nothing of it") is None


def test_texts_are_changed_and_taken_apart_alike(engine: Any) -> None:
    pattern = engine.compile(r"[0-9]+")

    assert pattern.sub("#", "a1b22") == "a#b#"
    assert pattern.subn("#", "a1b22", count=1) == ("a#b22", 1)
    assert pattern.split("a1b22c") == ["a", "b", "c"]
    assert pattern.findall("a1b22") == ["1", "22"]
    assert [match.span() for match in pattern.finditer("a1b22")] == [(1, 2), (3, 5)]
    assert pattern.pattern == r"[0-9]+"
    assert pattern.groups == 0


def test_a_method_that_is_kept_works_before_and_after(engine: Any) -> None:
    pattern = engine.compile("a")
    kept = pattern.match

    assert kept("a")
    assert pattern.match("a")
    assert kept("a", 0)
    assert kept("ba") is None


@pytest.mark.parametrize("name", ["A", "I", "L", "M", "S", "U", "X", "NOFLAG"])
def test_flags_have_their_values(name: str) -> None:
    assert getattr(lean, name) == int(getattr(re, name, 0))


def test_functions_work_on_both_kinds_of_patterns(engine: Any) -> None:
    assert engine.sub("a", "b", "aa") == "bb"
    assert engine.compile(re.compile("a")).match("a")


def test_a_bad_pattern_is_told_of_when_it_is_used() -> None:
    late = lean.compile("(", lean.IGNORECASE)

    with pytest.raises(re.error):
        late.match("x")


def test_nothing_is_compiled_for_what_python_asks_of_any_object() -> None:
    late = lean.compile("(")

    assert not hasattr(late, "__iter__")
    assert repr(late) == "re.compile('(', 0)"
