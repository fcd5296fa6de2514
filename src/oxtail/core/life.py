"""A life as a table: what can happen to a thing in each state, and where that leads.

The rule: the tables of :mod:`oxtail.core.work` and :mod:`oxtail.core.correlation` are walked and
drawn here, and by nothing else.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

S = TypeVar("S", bound=enum.Enum)
E = TypeVar("E", bound=enum.Enum)


def step(table: Mapping[tuple[S, E], S], state: S, event: E, what: str) -> S:
    """Return the state that *event* leads to from *state*.

    Args:
        table: The life.
        state: Where the thing stands.
        event: What happens to it.
        what: What the thing is called in the error.

    Raises:
        ValueError: *event* cannot happen in *state*; nothing has changed.
    """
    try:
        return table[state, event]
    except KeyError:
        raise ValueError(f"{what} that is {state.value} cannot be {event.value}") from None


def diagram(table: Mapping[tuple[S, E], S], first: S, ends: Collection[S]) -> str:
    """Return *table* as a Mermaid state diagram, without a last newline."""
    lines = ["stateDiagram-v2", f"    [*] --> {first.value}"]
    lines += [
        f"    {before.value} --> {after.value}: {event.value}"
        for (before, event), after in table.items()
    ]
    lines += [f"    {state.value} --> [*]" for state in type(first) if state in ends]
    return "\n".join(lines)
