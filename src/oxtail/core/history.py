"""Messages of the past, as the ledgers hold them: which are wanted, and what belongs together.

Belongs here: values, filters and threads.  Never here: reading a ledger, or saying who is who.
What the ledgers can show and what they cannot is in ``docs/formats/ledger.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from oxtail.core.names import hash32
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from oxtail.core.envelope import Envelope

OUTCOMES: Final = ("done", "blocked", "declined", "reassigned")
"""How work ends."""


class Record(Value):
    """One message and its receiver.

    Attributes:
        receiver: The session that received it; None where only *ledger* is known.
        ledger: The hash that names the ledger.
        message: The message, as it was sent.
        outcome: How it ended, where it was work and has ended.
    """

    receiver: str | None
    ledger: str
    message: Envelope
    outcome: str | None = None


class Problem(Value):
    """A ledger of which something could not be read, and why."""

    ledger: str
    problem: str


class Bookmark(Value):
    """How far each ledger was read; opaque to its holder, and of no use to another history."""

    marks: tuple[tuple[str, Any], ...] = ()


def every_record(record: Record) -> bool:  # noqa: ARG001 - the form of a test for records
    """Return True."""
    return True


def no_report(problem: Problem) -> None:
    """Drop *problem*."""


class Wanted(Value):
    """Which records a caller asks for.

    Attributes:
        owners: Session ids whose ledgers are meant.
        others: Whether all other ledgers are meant, too.
        matches: A further test of each record.
        newest: At most so many records, the newest of those that match; None for all.
        since: No record older than this, in unix seconds.
        until: No record younger than this, in unix seconds.
        report: Called for each ledger of which something cannot be read.
    """

    owners: tuple[str, ...]
    others: bool = False
    matches: Callable[[Record], bool] = every_record
    newest: int | None = None
    since: int | None = None
    until: int | None = None
    report: Callable[[Problem], None] = no_report

    def has_time(self, record: Record) -> bool:
        """Tell whether *record* is of the time that is asked for."""
        at = record.message.enqueued_at
        return (self.since is None or at >= self.since) and (self.until is None or at <= self.until)

    def has(self, record: Record) -> bool:
        """Tell whether *record* is wanted; its ledger is taken to be one that is meant."""
        return self.has_time(record) and self.matches(record)

    def ledgers(self) -> dict[str, str]:
        """Return the owners by the hashes that name their ledgers."""
        return {hash32(owner): owner for owner in self.owners}


def record_of(receiver: str | None, ledger: str, message: Envelope) -> Record:
    """Return the record of *message* as it stands in a ledger: its outcome apart from it."""
    if not message.extra:
        return Record(receiver, ledger, message)
    members = dict(message.extra)
    ending = members.pop("obligation", None)
    if ending is None:
        return Record(receiver, ledger, message)
    sent = message._replace(extra=tuple(members.items()))
    if not isinstance(ending, dict):
        return Record(receiver, ledger, sent)
    said = (ending.get("outcome"), ending.get("state"))
    outcome = next((each for each in said if isinstance(each, str) and each in OUTCOMES), None)
    return Record(receiver, ledger, sent, outcome)


def with_peer(peers: Collection[str]) -> Callable[[Record], bool]:
    """Return the test whether a record was sent or received by one of *peers*.

    A peer is a session id, or the hash of a ledger whose session is not known.
    """
    wanted = frozenset(peers)

    def matches(record: Record) -> bool:
        return (
            record.receiver in wanted
            or record.message.from_session_id in wanted
            or record.ledger in wanted
        )

    return matches


def both(
    one: Callable[[Record], bool], other: Callable[[Record], bool]
) -> Callable[[Record], bool]:
    """Return the test whether a record passes *one* and *other*."""
    return lambda record: one(record) and other(record)


_Node = tuple[str, ...]


class Thread:
    """All messages that belong together with those that a name names.

    The name is a message id or a request id.  A message belongs with the one that its
    ``source_message_id`` names, and with all messages between the same two sessions that ask or
    answer the same request.  A request id may be any text and so counts only together with the two
    sessions; a message id is unique.

    All records are added before the first is asked for.  Their order does not matter, nor whether
    a message that others name is among them.

    Args:
        name: The name.
        same: Returns the id by which a session goes now, so that a thread does not end where a
            session gets a new id.
    """

    def __init__(self, name: str, same: Callable[[str], str] = str) -> None:
        self._name = name
        self._same = same
        self._above: dict[_Node, _Node] = {}
        self._named: list[_Node] = []
        self._sessions: dict[str, str] = {}
        self._added: set[str] = set()

    @property
    def is_known(self) -> bool:
        """Whether any record that was added has the name, or answers or is about it."""
        return bool(self._named)

    def add(self, record: Record) -> bool:
        """Take *record* into account; return whether its message was new."""
        message = record.message
        is_new = message.id not in self._added
        self._added.add(message.id)
        own = ("m", message.id)
        self._root(own)
        if message.source_message_id:
            self._join(own, ("m", message.source_message_id))
        if message.request_id or message.reply_to:
            pair = self._pair(record)
            for request in (message.request_id, message.reply_to):
                if request:
                    self._join(own, ("r", request, *pair))
        return is_new

    def has(self, record: Record) -> bool:
        """Tell whether *record*, which was added, belongs to the thread."""
        root = self._root(("m", record.message.id))
        return any(self._root(node) == root for node in self._named)

    def _pair(self, record: Record) -> tuple[str, str]:
        one = self._session(record.message.from_session_id)
        # A ledger has the name that its session would have here, so an unknown one is no stranger.
        other = self._session(record.receiver) or record.ledger
        return (one, other) if one < other else (other, one)

    def _session(self, session_id: str | None) -> str:
        if not session_id:
            return ""
        if session_id not in self._sessions:
            self._sessions[session_id] = hash32(self._same(session_id))
        return self._sessions[session_id]

    def _join(self, one: _Node, other: _Node) -> None:
        first, second = self._root(one), self._root(other)
        if first != second:
            self._above[second] = first

    def _root(self, node: _Node) -> _Node:
        above = self._above
        if node not in above:
            above[node] = node
            if node[1] == self._name:
                self._named.append(node)
        while (parent := above[node]) != node:
            above[node] = above[parent]
            node = parent
        return node
