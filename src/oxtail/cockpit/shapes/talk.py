"""The messages of the fleet: who told whom, what answers what, and what proves how far one came."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from oxtail.cockpit.shapes.rows import Row, Span, cut, row, wrapped
from oxtail.core.fleet_words import age, comms
from oxtail.core.plain import columns, plain
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from oxtail.core.fleet import Line

SEARCH_MAX_CHARS: Final = 200
BODY_MAX_CHARS: Final = 20_000
"""How much of one message is shown when it is expanded."""

_LAST_TIME: Final = 1 << 40


class Talk(Value):
    """What of the messages is to be seen.

    Attributes:
        agent: Only what this agent sent or was sent, by its key; None for all.
        words: Only what holds all these words.
        threads: Whether answers stand below what they answer.
        chosen: The id of the message with the cursor; None is the newest.
        expanded: Whether that one is shown whole.
    """

    agent: str | None = None
    words: str = ""
    threads: bool = False
    chosen: str | None = None
    expanded: bool = False


def wanted(lines: Sequence[Line], talk: Talk) -> tuple[Line, ...]:
    """Return the messages that *talk* is about, oldest first; in threads, each below its first."""
    words = talk.words.casefold().split()
    found = tuple(line for line in lines if _is_wanted(line, talk.agent, words))
    return _in_threads(found) if talk.threads else found


def _is_wanted(line: Line, agent: str | None, words: Sequence[str]) -> bool:
    if agent is not None and agent not in (line.sender, line.receiver):
        return False
    if not words:
        return True
    text = f"{line.sender_label} {line.receiver_label} {line.body} {line.message_id}".casefold()
    return all(word in text for word in words)


def thread_of(line: Line) -> str:
    """Return what the messages of one thread have in common."""
    return line.reply_to or line.request_id or line.message_id


def _in_threads(lines: Sequence[Line]) -> tuple[Line, ...]:
    threads: dict[str, list[Line]] = {}
    for line in lines:
        threads.setdefault(thread_of(line), []).append(line)
    # The thread with the newest message comes last, where the eye is.
    ordered = sorted(threads.values(), key=lambda each: (each[-1].at, each[-1].message_id))
    return tuple(line for thread in ordered for line in thread)


def answers(lines: Sequence[Line]) -> Mapping[str, Line]:
    """Return the first answer to each question, by the id of its request."""
    found: dict[str, Line] = {}
    for line in lines:
        if line.reply_to:
            found.setdefault(line.reply_to, line)
    return found


def questions(lines: Sequence[Line]) -> Mapping[str, Line]:
    """Return what was asked, by the id of the request."""
    return {line.request_id: line for line in lines if line.request_id and not line.reply_to}


def chosen_place(lines: Sequence[Line], talk: Talk) -> int:
    """Return which of *lines* has the cursor: the newest, unless one was chosen."""
    for number, line in enumerate(lines):
        if line.message_id == talk.chosen:
            return number
    return max(len(lines) - 1, 0)


def moved(lines: Sequence[Line], talk: Talk, by: int) -> Talk:
    """Return *talk* with the cursor *by* messages newer; it stops at the ends."""
    if not lines:
        return talk
    at = min(max(chosen_place(lines, talk) + by, 0), len(lines) - 1)
    newest = at == len(lines) - 1
    return talk._replace(chosen=None if newest and not talk.expanded else lines[at].message_id)


def title(shown: int, total: int, talk: Talk, label: str | None) -> str:
    """Return what the list is, and what it leaves out."""
    said = [f"messages {shown} of {total}, the latest and no audit log"]
    if label is not None:
        said.append(f"only {label}")
    if talk.words:
        said.append(f"only with: {talk.words}")
    if talk.threads:
        said.append("in threads")
    return "; ".join(said)


def clock_time(at: int) -> str:
    """Return a time of day, or a dash for what is none."""
    return time.strftime("%H:%M:%S", time.localtime(at)) if 0 <= at < _LAST_TIME else "-"


def line_row(
    line: Line,
    width: int,
    *,
    chosen: bool,
    answer: Line | None = None,
    question: Line | None = None,
    indented: bool = False,
) -> Row:
    """Return the row of one message in *width* columns.

    Args:
        line: The message.
        width: Columns.
        chosen: Whether the cursor is on it.
        answer: What answered it, if that is among the messages.
        question: What it answers, if that is among the messages.
        indented: Whether it stands below what it answers.
    """
    is_operator = line.origin == "operator"
    arrow = " => " if is_operator else " -> "
    kind = comms(line)
    spans = [
        Span("> " if chosen else "  ", "key"),
        Span(clock_time(line.at) + " ", "dim"),
        Span("  ` " if indented and question else "", "dim"),
        Span(line.sender_label, "operator" if is_operator else "strong"),
        Span(arrow, "dim"),
        Span(f"{line.receiver_label}: ", "strong"),
    ]
    if kind:
        spans.append(Span(f"[{kind}] ", "work" if line.action_required else "wait"))
    if answer:
        spans.append(Span(f"[answered after {age(answer.at - line.at)}] ", "fine"))
    if question and not indented:
        spans.append(Span(f"(re: {plain(question.body, 24)}) ", "dim"))
    room = max(width - sum(columns(span.text) for span in spans), 1)
    spans.append(Span(plain(line.body, room * 2), "dim" if is_operator else "text"))
    return Row(cut(spans, width), line.message_id, chosen)


def whole(
    line: Line, lines: Sequence[Line], receipts: Sequence[str] | None, width: int
) -> list[Row]:
    """Return one message whole: its text, its thread, and what proves how far it came."""
    rows = [
        row(Span(f"{line.sender_label} -> {line.receiver_label}", "strong"), *_about(line)),
        *(row(Span(each)) for each in wrapped(line.body[:BODY_MAX_CHARS], width)),
    ]
    others = [each for each in lines if thread_of(each) == thread_of(line) and each != line]
    if others:
        rows.append(row(Span("thread", "dim")))
        rows += [Row(cut(each, width)) for each in _thread(others, line)]
    rows.append(row(Span("receipts", "dim")))
    if receipts is None:
        rows.append(row(Span("  looking", "dim")))
    for each in receipts or ():
        rows += [row(Span(part, "text")) for part in wrapped(each, width)]
    return [Row(cut(each.spans, width)) for each in rows]


def _about(line: Line) -> Iterator[Span]:
    yield Span(f"  {clock_time(line.at)}  {line.message_id}", "dim")
    if kind := comms(line):
        yield Span(f"  {kind}", "work" if line.action_required else "wait")
    if line.origin == "operator":
        yield Span("  by the operator", "operator")


def _thread(others: Sequence[Line], line: Line) -> Iterator[list[Span]]:
    for each in others:
        when = "before" if each.at < line.at else "after"
        who = f"  {when}, {clock_time(each.at)} {each.sender_label} -> {each.receiver_label}: "
        yield [Span(who, "dim"), Span(plain(each.body, 400))]
