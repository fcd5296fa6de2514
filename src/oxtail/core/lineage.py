"""Which session ids name one conversation, one after the other: the rules, without any file.

Each id is followed by at most one other, and the last of such a chain is the *heir* of all before
it.  Rules of this file:

* An id has one heir, so of two sessions that claim the same past one has it.
* A chain that leads back into itself is forged; whoever is in it is nobody's.
* Only so many earlier ids are looked through as :data:`FORMER_MAX` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FORMER_MAX: Final = 64
"""How many earlier ids of a conversation are looked through: every lookup of it visits each."""

HOPS_MAX: Final = 4_096
"""Longest chain that is followed; a person who clears a session all day makes a few dozen."""


class Past(Value):
    """What is recorded of an heir.

    Attributes:
        former: The earlier ids, the youngest first.
        taking: The id that is being taken over, if a process died over it.
    """

    former: tuple[str, ...] = ()
    taking: str | None = None


def heir_of(session_id: str, following: Callable[[str], str | None]) -> str:
    """Return the end of the chain from *session_id*; itself where there is none, or a loop.

    Args:
        session_id: Where to begin.
        following: Returns the id that follows another, or None.
    """
    *_, last = chain_of(session_id, following) or (session_id,)
    return last


def chain_of(session_id: str, following: Callable[[str], str | None]) -> tuple[str, ...]:
    """Return the ids that follow *session_id*, in order; none where they lead into a loop."""
    chain = {session_id: None}
    last: str | None = session_id
    for _ in range(HOPS_MAX):
        last = following(last) if last is not None else None
        if last is None:
            return tuple(chain)[1:]
        if last in chain:
            break
        chain[last] = None
    return ()


def verified(
    heir: str, former: Iterable[str], following: Callable[[str], str | None]
) -> tuple[str, ...]:
    """Return those of *former* whose chain comes by *heir*."""
    known: dict[str, str | None] = {}

    def after(session_id: str) -> str | None:
        if session_id not in known:
            known[session_id] = following(session_id)
        return known[session_id]

    return tuple(each for each in former if heir in chain_of(each, after))


def past_of(heir: str, *former: Iterable[str]) -> tuple[str, ...]:
    """Return the earlier ids of *heir* out of *former*, each once, the youngest first, bounded."""
    named = dict.fromkeys(each for some in former for each in some)
    named.pop(heir, None)
    return tuple(named)[:FORMER_MAX]
