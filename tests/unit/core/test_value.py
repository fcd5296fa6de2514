"""A value behaves as ``typing.NamedTuple`` does, to which all trials here are put as well."""

from __future__ import annotations

import copy
import pickle
import sys
import typing
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pytest

from oxtail.core.value import MANY, Value

if TYPE_CHECKING:
    from nowhere import OnlyForTheTypeChecker  # type: ignore[import-not-found]

T = TypeVar("T")


def classes_on(base: Any) -> tuple[Any, Any]:
    """Return a class with a bit of everything, made on *base*, and one with a parameter."""

    class Pair(base):  # type: ignore[misc]
        """Two."""

        left: int
        right: OnlyForTheTypeChecker = 7

        @property
        def total(self) -> Any:
            return self.left + self.right

        @classmethod
        def of(cls, text: str) -> Any:
            return cls(*map(int, text.split()))

        def swapped(self) -> Any:
            return self._replace(left=self.right, right=self.left)

    class Box(base, Generic[T]):  # type: ignore[misc]
        content: T

    return Pair, Box


def in_module(made: Any) -> Any:
    made.__qualname__, made.__module__ = made.__name__, "made"
    setattr(sys.modules["made"], made.__name__, made)
    return made


@pytest.fixture
def module() -> Iterator[None]:
    sys.modules["made"] = ModuleType("made")
    yield
    del sys.modules["made"]


@pytest.fixture(params=["typing", "ours", "ours, used much"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def made_as(kind: str, place: int) -> Any:
    made = classes_on(typing.NamedTuple if kind == "typing" else Value)[place]
    if kind == "ours, used much":
        for _ in range(MANY):
            made(1)
        assert made.__dict__["__new__"] is not Value.__new__
    return in_module(made)


@pytest.fixture
def pair(kind: str, module: None) -> Any:
    """The same class, made on the one and on the other."""
    return made_as(kind, 0)


@pytest.fixture
def box(kind: str, module: None) -> Any:
    return made_as(kind, 1)


def test_instances_are_made_from_places_names_and_defaults(pair: Any) -> None:
    assert pair(1) == pair(left=1) == pair(1, 7) == pair(right=7, left=1) == (1, 7)
    assert pair(1, right=2) == pair(left=1, right=2) == (1, 2)
    assert pair.of("3 4") == (3, 4)


def test_members_are_read_by_name_and_methods_work(pair: Any) -> None:
    assert (pair(1).left, pair(1).right, pair(1).total) == (1, 7, 8)
    assert pair(1).swapped() == (7, 1)


@pytest.mark.parametrize(
    ("arguments", "members"),
    [
        ((), {}),
        ((), {"right": 1}),
        ((1, 2, 3), {}),
        ((1,), {"left": 2}),
        ((1, 2), {"left": 2}),
        ((1,), {"up": 2}),
        ((1, 2), {"up": 2}),
        ((), {"left": 1, "right": 2, "up": 3}),
    ],
)
def test_wrong_arguments_are_refused(pair: Any, arguments: Any, members: Any) -> None:
    with pytest.raises(TypeError):
        pair(*arguments, **members)


@pytest.mark.parametrize(
    ("arguments", "members", "named"),
    [
        ((), {}, "left"),
        ((1,), {"up": 2}, "'up'"),
        ((1,), {"left": 2}, "'left'"),
        ((1, 2, 3), {}, "3"),
    ],
)
def test_an_error_names_what_is_wrong(arguments: Any, members: Any, named: str) -> None:
    with pytest.raises(TypeError, match=rf"^Pair\(\) .*{named}"):
        classes_on(Value)[0](*arguments, **members)


def test_a_value_is_a_tuple(pair: Any) -> None:
    one = pair(1)
    assert isinstance(one, tuple)
    assert hash(one) == hash((1, 7))
    assert one == (1, 7) != pair(2)
    assert one < pair(2)
    assert [*one, len(one), one[1], one[-2:]] == [1, 7, 2, 7, (1, 7)]


def test_a_class_says_what_its_fields_are(pair: Any) -> None:
    assert pair._fields == pair.__match_args__ == ("left", "right")
    assert pair._field_defaults == {"right": 7}
    assert pair.__doc__ == "Two."
    match pair(1):
        case pair(left, right):
            assert (left, right) == (1, 7)


def test_values_are_copied_with_changes(pair: Any) -> None:
    one = pair(1)
    changed = one._replace(right=2)
    assert (type(changed), changed, one) == (pair, (1, 2), (1, 7))
    assert one._replace() == one
    with pytest.raises((TypeError, ValueError), match="unexpected field"):
        one._replace(up=1)


@pytest.mark.skipif(sys.version_info < (3, 13), reason="copy.replace came with Python 3.13")
def test_copy_replace_works(pair: Any) -> None:
    assert copy.replace(pair(1), left=3) == (3, 7)  # type: ignore[attr-defined,unused-ignore]


def test_values_come_from_an_iterable_and_become_a_dict(pair: Any) -> None:
    made = pair._make(iter([3, 4]))
    assert (type(made), made) == (pair, (3, 4))
    assert list(made._asdict().items()) == [("left", 3), ("right", 4)]
    for wrong in ([], [1], [1, 2, 3]):
        with pytest.raises(TypeError):
            pair._make(wrong)


def test_a_value_shows_its_names(pair: Any) -> None:
    assert repr(pair("a")) == "Pair(left='a', right=7)"
    assert repr(pair("{}")) == "Pair(left='{}', right=7)"


def test_nothing_can_be_set(pair: Any) -> None:
    one = pair(1)
    for name in ("left", "total", "up"):
        with pytest.raises(AttributeError):
            setattr(one, name, 2)
    assert not hasattr(one, "__dict__")


def test_a_value_survives_copies(pair: Any) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        copied = pickle.loads(pickle.dumps(pair(1), protocol))
        assert (type(copied), copied) == (pair, (1, 7))
    assert copy.deepcopy(pair([1])) == ([1], 7)
    assert type(copy.copy(pair(1))) is pair


def test_a_class_may_have_a_parameter(box: Any) -> None:
    assert box(1).content == box[int](1).content == 1
    assert box.__parameters__ == (T,)
    assert repr(box(1)) == "Box(content=1)"


def test_a_derived_class_is_an_ordinary_class(pair: Any) -> None:
    class Third(pair):  # type: ignore[misc]
        extra: int = 5

        def __repr__(self) -> str:
            return super().__repr__() + "!"

    one = Third(1)
    one.note = 3
    assert (one._fields, one, one.note, one.extra) == (("left", "right"), (1, 7), 3, 5)
    assert type(one._replace(left=2)) is Third
    assert repr(one) == "Third(left=1, right=7)!"


def test_a_class_without_fields_is_refused_as_a_mistake() -> None:
    with pytest.raises(TypeError, match="Empty has no fields"):

        class Empty(Value):
            """Nothing."""


def test_a_derived_class_keeps_its_own_constructor_however_much_it_is_used() -> None:
    class Doubled(Value):
        number: int

    class Twice(Doubled):
        def __new__(cls, number: int) -> Any:
            return super().__new__(cls, 2 * number)

    assert [Twice(3).number for _ in range(3 * MANY)] == [6] * 3 * MANY
    assert [Doubled(3).number for _ in range(3 * MANY)] == [3] * 3 * MANY
    assert Twice(3).number == 6
