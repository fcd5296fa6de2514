"""Whatever fields, defaults and arguments: a value is what ``typing.NamedTuple`` makes of them."""

from __future__ import annotations

import typing
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from oxtail.core.value import Value

NAMES = ("a", "b", "c", "d", "e")
calls = st.tuples(
    st.lists(st.integers(), max_size=6),
    st.dictionaries(st.sampled_from((*NAMES, "up")), st.integers(), max_size=6),
)


def made(base: Any, count: int, optional: int) -> Any:
    """Return a class with *count* fields, of which the last *optional* ones have defaults."""
    fields = NAMES[:count]
    body: dict[str, Any] = dict.fromkeys(fields, "int")
    defaults = {name: place for place, name in enumerate(fields) if place >= count - optional}
    names = {"__annotations__": body, "__module__": __name__, "__qualname__": "Made", **defaults}
    return type(Value)("Made", (Value,), names) if base is Value else typed(names)


def typed(names: dict[str, Any]) -> Any:
    import types

    return types.new_class("Made", (typing.NamedTuple,), {}, lambda body: body.update(names))


def outcome(action: Any) -> Any:
    """Return what *action* returns, in every guise, or that it refuses."""
    try:
        value = action()
    except (TypeError, ValueError):  # 3.13 turned the one into the other
        return "refused"
    return (tuple(value), repr(value), hash(value), value._asdict(), value._fields)


@given(st.integers(1, 5).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), calls, calls)
def test_a_value_is_what_a_named_tuple_is(
    shape: tuple[int, int],
    call: tuple[list[int], dict[str, int]],
    change: tuple[list[int], dict[str, int]],
) -> None:
    results = []
    for base in (typing.NamedTuple, Value):
        kind = made(base, *shape)
        one = kind._make(range(shape[0]))
        results.append(
            [
                kind._field_defaults,
                outcome(lambda kind=kind: kind(*call[0], **call[1])),
                outcome(lambda kind=kind: kind._make(change[0])),
                outcome(lambda one=one: one._replace(**change[1])),
                [getattr(one, name) for name in kind._fields],
            ]
        )
    assert results[0] == results[1]
