"""What stands in for ``typing`` behaves as the real thing, as far as a hook can tell."""

from __future__ import annotations

import pickle
import sys
import typing
from types import ModuleType
from typing import Any

import pytest

from oxtail.lean import typing as lean

BODY = '''
class Base(typing.Protocol):
    def promise(self) -> int: ...

T = typing.TypeVar("T")

class Pair(typing.NamedTuple, typing.Generic[T]):
    """Two."""
    left: int
    right: "T" = 7

    @property
    def total(self):
        return self.left + self.right

    def swapped(self):
        return self._replace(left=self.right, right=self.left)
'''


@pytest.fixture(params=[typing, lean], ids=["typing", "lean"])
def pair(request: pytest.FixtureRequest) -> Any:
    """The same class, made with the one and with the other."""
    names: dict[str, Any] = {"typing": request.param, "__name__": "made"}
    exec(BODY, names)
    return names["Pair"]


def test_instances_are_made_from_places_names_and_defaults(pair: Any) -> None:
    assert pair(1) == pair(left=1) == pair(1, 7) == pair(right=7, left=1) == (1, 7)
    assert (pair(1).left, pair(1).right, pair(1).total) == (1, 7, 8)
    assert pair(1).swapped() == (7, 1)


@pytest.mark.parametrize(
    ("arguments", "members"), [((), {}), ((1, 2, 3), {}), ((1,), {"left": 2}), ((1,), {"up": 2})]
)
def test_wrong_arguments_are_refused(pair: Any, arguments: Any, members: Any) -> None:
    with pytest.raises(TypeError):
        pair(*arguments, **members)


def test_the_ways_of_a_tuple_with_names(pair: Any) -> None:
    one = pair(1)
    assert isinstance(one, tuple)
    assert pair._fields == ("left", "right")
    assert pair._field_defaults == {"right": 7}
    assert pair._make([3, 4]) == (3, 4)
    assert one._asdict() == {"left": 1, "right": 7}
    assert list(one._asdict()) == ["left", "right"]
    assert repr(one) == "Pair(left=1, right=7)"
    assert (type(one._replace(right=2)), one._replace(right=2)) == (pair, (1, 2))
    assert hash(one) == hash((1, 7))
    assert pair.__doc__ == "Two."
    with pytest.raises((TypeError, ValueError), match="unexpected field"):
        one._replace(up=1)
    with pytest.raises(TypeError):
        pair._make([1])
    with pytest.raises(AttributeError):
        one.left = 2
    match one:
        case pair(left, right):
            assert (left, right) == (1, 7)


def test_a_value_survives_a_copy_by_pickle(pair: Any) -> None:
    module = ModuleType("made")
    module.Pair = pair  # type: ignore[attr-defined]
    sys.modules["made"] = module
    try:
        assert pickle.loads(pickle.dumps(pair(1))) == (1, 7)
    finally:
        del sys.modules["made"]


def test_annotations_cost_nothing_and_hold_anything() -> None:
    assert lean.cast("int", "x") == "x"
    assert lean.Final[int] is lean.Any
    assert (lean.Any | None) is (None | lean.Any)
    assert lean.overload(len) is len
