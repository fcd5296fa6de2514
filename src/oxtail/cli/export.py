"""``oxtail export``: the messages of the past as Markdown.

The rule: a body is a block of code that it cannot end, whatever it says, and everything else that
others chose stands in a code span; so nothing in a message can become a heading, a link or HTML.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from oxtail.app.history import export
from oxtail.cli.opening import looking
from oxtail.cli.output import Outcome, Output, neutral, one_line
from oxtail.cli.past import filters_of, receiver_of, remark_of, sender_of, standing_of
from oxtail.disk.pieces import check_free, write_pieces
from oxtail.errors import UsageError
from oxtail.trace import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from oxtail.app.history import Scope
    from oxtail.cli.parser import Options
    from oxtail.core.history import Problem, Record

_TICKS: Final = re.compile("`+")


def _longest_ticks(text: str) -> int:
    return max(map(len, _TICKS.findall(text))) if "`" in text else 0


def span(text: str) -> str:
    """Return *text* as a code span of one line that it cannot leave."""
    line = one_line(text)
    if not line:
        return "(empty)"
    ticks = "`" * (_longest_ticks(line) + 1)
    # A blank on either side is part of the marks where the text begins or ends with one of them.
    return (
        f"{ticks} {line} {ticks}" if "`" in line or line != line.strip() else ticks + line + ticks
    )


def block(text: str) -> str:
    """Return *text* as a block of code that it cannot end."""
    body = neutral(text)
    ticks = "`" * max(_longest_ticks(body) + 1, 3)
    return f"{ticks}text\n{body}\n{ticks}"


def markdown_of(record: Record, scope: Scope) -> str:
    """Return *record* as a section."""
    message = record.message
    facts = [f"message {span(message.id)}", *standing_of(record)]
    if message.request_id:
        facts.append(f"request {span(message.request_id)}")
    if message.reply_to:
        facts.append(f"answers request {span(message.reply_to)}")
    if message.source_message_id:
        facts.append(f"about message {span(message.source_message_id)}")
    return (
        f"## {timestamp(message.enqueued_at)}\n\n"
        f"- from {span(sender_of(record, scope))}\n"
        f"- to {span(receiver_of(record, scope))}\n"
        + "".join(f"- {fact}\n" for fact in facts)
        + f"\n{block(message.body)}\n"
    )


class _Page:
    """The whole page in pieces, counted as it is written."""

    def __init__(self, records: Iterable[Record], scope: Scope, now: float) -> None:
        self._records = records
        self._scope = scope
        self._now = now
        self.count = 0

    def pieces(self) -> Iterator[str]:
        root = self._scope.project_root
        yield (
            f"# Messages{f' of {span(root)}' if root else ''}\n\n"
            f"Exported by oxtail at {timestamp(self._now)}.\n"
            "Each body is its sender's text; control characters in it are shown as escapes.\n"
        )
        for record in self._records:
            self.count += 1
            yield "\n" + markdown_of(record, self._scope)
        yield f"\n{_messages(self.count)} in all.\n"


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"


def run(options: Options, output: Output) -> Outcome:
    """Write the messages."""
    if options.out is not None:
        check_free(options.out, replace=options.force)
    elif output.as_json:
        raise UsageError("export --json needs --out PATH")
    ctx = looking(options)
    now = ctx.clock.now()
    problems: list[Problem] = []
    scope, records = export(ctx, filters_of(options, now), problems.append)
    page = _Page(records, scope, now)
    if options.out is None:
        for piece in page.pieces():
            output.raw(piece)
        for problem in problems:
            output.remark(remark_of(problem))
        return output.ended()
    pieces = (piece.encode() for piece in page.pieces())
    size = write_pieces(options.out, pieces, replace=options.force)
    path = os.path.abspath(options.out)
    members = {
        "schema_version": 1,
        "path": path,
        "project_root": scope.project_root,
        "count": page.count,
        "bytes": size,
        "unreadable": [problem._asdict() for problem in problems],
    }
    text = f"{_messages(page.count)} written to {one_line(path)}"
    return Outcome(members, text, remark="\n".join(map(remark_of, problems)) or None)
