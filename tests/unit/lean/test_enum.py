"""What stands in for ``enum`` behaves as the real thing, as far as oxtail uses it."""

from __future__ import annotations

import copy
import enum
import pickle
import sys
from types import ModuleType
from typing import Any

import pytest

from oxtail.lean import enum as lean

BODY = '''
class State(enum.Enum):
    """Two, and one of them twice."""
    OPEN = "open"
    """Not yet."""
    DONE = "done"
    CLOSED = "done"

    @property
    def is_open(self):
        return self is State.OPEN

    def other(self):
        return State.DONE if self.is_open else State.OPEN
'''


@pytest.fixture(params=[enum, lean], ids=["enum", "lean"])
def state(request: pytest.FixtureRequest) -> Any:
    """The same class, made with the one and with the other."""
    names: dict[str, Any] = {"enum": request.param, "__name__": "made"}
    exec(BODY, names)
    return names["State"]


def test_members_have_names_values_and_an_order(state: Any) -> None:
    assert [member.name for member in state] == ["OPEN", "DONE"]
    assert [member.value for member in state] == ["open", "done"]
    assert len(state) == 2
    assert list(state.__members__) == ["OPEN", "DONE", "CLOSED"]
    assert state.OPEN in state
    assert state.__doc__ == "Two, and one of them twice."


def test_members_are_found_by_value_and_by_name(state: Any) -> None:
    assert state("done") is state["DONE"] is state.DONE is state.CLOSED
    assert state(state.OPEN) is state.OPEN
    with pytest.raises(ValueError, match="'gone' is not a valid State"):
        state("gone")
    with pytest.raises(ValueError, match="is not a valid State"):
        state([])
    with pytest.raises(KeyError):
        _ = state["GONE"]


def test_members_are_themselves_and_nothing_else(state: Any) -> None:
    assert state.OPEN == state.OPEN
    assert state.OPEN != state.DONE
    assert state.OPEN != "open"
    assert isinstance(state.OPEN, state)
    assert {state.OPEN: 1, state.DONE: 2}[state("open")] == 1
    assert hash(state.OPEN) == hash("OPEN")
    with pytest.raises(AttributeError):
        state.OPEN = "closed"


def test_members_are_written_as_people_know_them(state: Any) -> None:
    assert str(state.DONE) == "State.DONE"
    assert repr(state.DONE) == "<State.DONE: 'done'>"


def test_members_have_the_methods_of_their_class(state: Any) -> None:
    assert state.OPEN.is_open
    assert state.OPEN.other() is state.DONE
    match state.DONE:
        case state.OPEN:
            raise AssertionError
        case state.DONE:
            pass


@pytest.mark.parametrize("tools", [enum, lean], ids=["enum", "lean"])
def test_members_may_be_texts_as_well(tools: Any) -> None:
    class Color(str, tools.Enum):  # type: ignore[misc]
        RED = "red"

    assert Color.RED == "red"
    assert Color("red") is Color.RED
    assert isinstance(Color.RED, str)
    assert isinstance(Color.RED, enum.Enum)


@pytest.mark.parametrize("tools", [enum, lean], ids=["enum", "lean"])
def test_a_class_may_be_made_by_a_call(tools: Any) -> None:
    color = tools.Enum("Color", "RED BLUE")

    assert [member.name for member in color] == ["RED", "BLUE"]


def test_a_copy_is_the_member_itself(state: Any) -> None:
    module = ModuleType("made")
    module.State = state  # type: ignore[attr-defined]
    sys.modules["made"] = module
    try:
        assert pickle.loads(pickle.dumps(state.OPEN)) is state.OPEN
        assert copy.copy(state.OPEN) is copy.deepcopy(state.OPEN) is state.OPEN
    finally:
        del sys.modules["made"]
