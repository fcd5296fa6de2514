"""From messages to a story: who spoke to whom, what ended what, and who waited or worked how long.

The rule: a pure function that draws nothing.  A question ends with the first answer to it, work
with its result; both are found by what the messages themselves say, between the same two sessions.
"""

from __future__ import annotations

import enum
from collections import Counter
from typing import TYPE_CHECKING, Final

from oxtail.core.fleet_labels import short_id
from oxtail.core.names import completion_id, hash32, reassignment_note_id
from oxtail.core.plain import plain, visible
from oxtail.core.value import Value
from oxtail.report.markup import escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.core.fleet import Fleet
    from oxtail.core.history import Record
    from oxtail.report.facts import Past

MESSAGES_MAX: Final = 2_000
"""Most messages of a report; the newest."""

BODY_MAX_CHARS: Final = 8_192
"""Longest body that is shown whole: as long as a front end lets a body be."""

BODIES_MAX_BYTES: Final = 4 * 1024 * 1024
"""Most bytes of all bodies together, as they stand in the page; older messages are left out."""

DRAWN_MAX: Final = 500
"""Most messages in the timeline; the newest.  The list of messages has the others, too."""

LANES_MAX: Final = 12
"""Most sessions with a lane of their own, those that say most there; the others share one."""

LABEL_MAX_CHARS: Final = 40

OPERATOR: Final = "operator"
UNKNOWN: Final = "unknown"
OTHERS: Final = "others"
"""Lanes that are no session's; a session's lane has ``=`` before its id."""


class Kind(enum.Enum):
    """What a message is."""

    MESSAGE = "message"
    QUESTION = "question"
    ANSWER = "answer"
    WORK = "work"
    RESULT = "result"


class Lane(Value):
    """The column of one session.

    Attributes:
        key: What names it in the story.
        label: What people call it.
        state: What it does now, or what else the lane is.
    """

    key: str
    label: str
    state: str


class Said(Value):
    """One message.

    Attributes:
        number: Its place in the report, from 1.
        message_id: The message.
        at: When it was sent, in unix seconds.
        sender: The lane that it comes from.
        receiver: The lane that it goes to.
        sender_label: Who sent it.
        receiver_label: Who received it.
        kind: What it is.
        by_operator: Whether its provenance says that a person sent it.
        body: Its text, cut if it is too long.
        missing: How many characters of the text are not shown.
        outcome: How work has ended, or None.
        deadline: When work is due, in unix seconds, or None.
        ends: The number of the message that it answers or whose work it ends, or None.
        ended_by: The number of the message that does so with this one, or None.
    """

    number: int
    message_id: str
    at: int
    sender: str
    receiver: str
    sender_label: str
    receiver_label: str
    kind: Kind
    by_operator: bool
    body: str
    missing: int
    outcome: str | None
    deadline: int | None
    ends: int | None = None
    ended_by: int | None = None


class Span(Value):
    """How long somebody waited or worked.

    Attributes:
        kind: What began it: a question, then its asker waits; or work, then its owner works.
        lane: Who waits or works.
        first: The number of the message that began it.
        last: The number of the one that ended it, or None.
        is_open: Whether it goes on now.
    """

    kind: Kind
    lane: str
    first: int
    last: int | None
    is_open: bool


class Story(Value):
    """What is told.

    Attributes:
        said: The messages, oldest first.
        lanes: Whom they are from and to.
        spans: Waits and work, in the order in which they began.
        left_out: Whether older messages were left out.
        cut: How many bodies are not shown whole.
    """

    said: tuple[Said, ...]
    lanes: tuple[Lane, ...]
    spans: tuple[Span, ...]
    left_out: bool
    cut: int


class _People:
    """Who is who."""

    def __init__(self, past: Past) -> None:
        agents = (*past.fleet.agents, *past.fleet.background)
        self._heirs = past.heirs
        self._names = past.names
        self._labels = {each.session_id: each.label for each in agents if each.session_id}
        self._states = {
            each.session_id: each.verdict.liveness.value for each in agents if each.session_id
        }
        # Whose ledger it is may be known from what its session sent.
        senders = (each.message.from_session_id for each in past.records)
        self._by_ledger = {hash32(each): each for each in senders if each}

    def now(self, session_id: str) -> str:
        return self._heirs.get(session_id, session_id)

    def receiver(self, record: Record) -> str | None:
        return record.receiver or self._by_ledger.get(record.ledger)

    def lane(self, session_id: str | None) -> str:
        return f"={self.now(session_id)}" if session_id else UNKNOWN

    def label(self, session_id: str | None) -> str:
        if not session_id:
            return UNKNOWN
        now = self.now(session_id)
        name = self._names.get(now) or self._names.get(session_id) or ""
        label = self._labels.get(now) or plain(name, LABEL_MAX_CHARS) or short_id(now, None)
        # Only provenance makes an operator.
        return f"session {label}" if label in (OPERATOR, UNKNOWN, OTHERS) else label

    def state(self, session_id: str) -> str:
        return self._states.get(session_id, "not here now")


def kind_of(record: Record) -> Kind:
    """Return what *record* is, as far as it says so itself."""
    message = record.message
    if message.action_required or record.outcome:
        return Kind.WORK
    if message.reply_to:
        return Kind.ANSWER
    return Kind.QUESTION if message.request_id else Kind.MESSAGE


def story_of(past: Past) -> Story:
    """Return the story of *past*."""
    records, left_out = _chosen(past.records)
    people = _People(past)
    said = [_said(number, each, people) for number, each in enumerate(records, 1)]
    joins = _joins(records, people)
    owed, asked = _open_now(past.fleet)
    spans: list[Span] = []
    for place, last in joins.items():
        if last is not None:
            is_work = said[place].kind is Kind.WORK
            kind = Kind.RESULT if is_work else said[last].kind
            said[last] = said[last]._replace(kind=kind, ends=place + 1)
            said[place] = said[place]._replace(ended_by=last + 1)
    for place, last in joins.items():
        each, message = said[place], records[place].message
        is_work = each.kind is Kind.WORK
        if is_work:
            is_open = last is None and each.outcome is None and message.id in owed
        else:
            is_open = last is None and (each.sender, message.request_id) in asked
        lane = each.receiver if is_work else each.sender
        ended = None if last is None else last + 1
        spans.append(Span(Kind.WORK if is_work else Kind.QUESTION, lane, place + 1, ended, is_open))
    lanes = _lanes(said, past.fleet, people)
    return Story(
        said=tuple(said),
        lanes=lanes,
        spans=tuple(spans),
        left_out=left_out or past.older_left_out,
        cut=sum(each.missing > 0 for each in said),
    )


def _chosen(records: Sequence[Record]) -> tuple[list[Record], bool]:
    """Return the newest records that a report may show, oldest first, each message once."""
    kept: list[Record] = []
    seen: set[str] = set()
    room = BODIES_MAX_BYTES
    in_order = sorted(records, key=lambda each: each.message.enqueued_at)
    for record in in_order[::-1]:
        if record.message.id in seen:
            continue
        room -= _cost(record.message.body)
        if len(kept) == MESSAGES_MAX or room < 0:
            return kept[::-1], True
        seen.add(record.message.id)
        kept.append(record)
    return kept[::-1], False


def _cost(body: str) -> int:
    return len(escaped(body[:BODY_MAX_CHARS]).encode())


def _said(number: int, record: Record, people: _People) -> Said:
    message = record.message
    by_operator = message.origin == "operator"
    sender, owner = message.from_session_id, people.receiver(record)
    receiver = f"={record.ledger}" if owner is None else people.lane(owner)
    forgotten = f"forgotten {record.ledger[:8]}" if record.ledger else UNKNOWN
    return Said(
        number=number,
        message_id=message.id,
        at=message.enqueued_at,
        sender=OPERATOR if by_operator else people.lane(sender),
        receiver=receiver,
        sender_label=OPERATOR if by_operator else people.label(sender),
        receiver_label=forgotten if owner is None else people.label(owner),
        kind=kind_of(record),
        by_operator=by_operator,
        body=visible(message.body[:BODY_MAX_CHARS]),
        missing=max(len(message.body) - BODY_MAX_CHARS, 0),
        outcome=record.outcome,
        deadline=message.deadline,
    )


def _joins(records: Sequence[Record], people: _People) -> dict[int, int | None]:
    """Return the place of what ends each question and each piece of work, by their places."""
    by_id = {record.message.id: place for place, record in enumerate(records)}
    answers: dict[tuple[str, str, str], list[int]] = {}
    for place, record in enumerate(records):
        message = record.message
        if message.reply_to:
            ends = people.lane(message.from_session_id), people.lane(people.receiver(record))
            answers.setdefault((message.reply_to, *ends), []).append(place)
    found: dict[int, int | None] = {}
    taken: set[int] = set()
    for place, record in enumerate(records):
        kind, message = kind_of(record), record.message
        # An answer may ask back.
        if kind is not Kind.WORK and not message.request_id:
            continue
        chosen: list[int] = []
        if kind is Kind.WORK:
            ids = completion_id(message.id), reassignment_note_id(message.id)
            chosen = [by_id[each] for each in ids if each in by_id]
        if message.request_id:
            ends = people.lane(people.receiver(record)), people.lane(message.from_session_id)
            chosen += answers.get((message.request_id, *ends), [])
        # What a peer's clock puts before the question still answers it.
        last = next((each for each in chosen if each != place and each not in taken), None)
        if last is not None:
            taken.add(last)
        found[place] = last
    return found


def _open_now(fleet: Fleet) -> tuple[set[str], set[tuple[str, str | None]]]:
    """Return the work that is owed now, and the questions that are open: lane and request."""
    agents = (*fleet.agents, *fleet.background)
    owed = {each.message_id for agent in agents for each in agent.obligations}
    return owed, {(f"={wait.waiter}", wait.request_id) for wait in fleet.graph.waits}


def _lanes(said: Sequence[Said], fleet: Fleet, people: _People) -> tuple[Lane, ...]:
    """Return the lanes: the operator, agents in the order of the fleet, others as they come up."""
    counted: Counter[str] = Counter()
    drawn: Counter[str] = Counter()
    labels: dict[str, str] = {}
    for each in said:
        counted.update((each.sender, each.receiver))
        if each.number > len(said) - DRAWN_MAX:
            drawn.update((each.sender, each.receiver))
        labels.setdefault(each.sender, each.sender_label)
        labels.setdefault(each.receiver, each.receiver_label)
    agents = (*fleet.agents, *fleet.background)
    ours = {f"={each.session_id}": each.label for each in agents if each.session_id}
    others = (each for each in counted if each.startswith("=") and each not in ours)
    order = [*(each for each in ours if counted[each]), *others]
    # Of those that say as much as each other, the first.
    chosen = set(sorted(order, key=lambda key: -drawn[key])[:LANES_MAX])
    names = {**labels, **ours}
    lanes = [Lane(OPERATOR, OPERATOR, "a person")] if counted[OPERATOR] else []
    lanes += [Lane(key, names[key], people.state(key[1:])) for key in order if key in chosen]
    more = len(order) - len(chosen)
    if more:
        lanes.append(Lane(OTHERS, f"{more} others", "share a lane"))
    if counted[UNKNOWN]:
        lanes.append(Lane(UNKNOWN, UNKNOWN, "said no session id"))
    return tuple(lanes)
