"""Messages as lines of a file: splitting, checking, finding.

A line is kept byte for byte wherever it moves, because other implementations may have written
members into it that this one does not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.codec import encode_compact, split_lines
from oxtail.core.envelope import Envelope, decode
from oxtail.core.value import Value
from oxtail.errors import DamagedRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Line(Value):
    """One line of a box.

    Attributes:
        raw: Its bytes, without the newline.
        message: The message on it, or None if there is none.
        problem: Why it is no message; empty if it is one.
    """

    raw: bytes
    message: Envelope | None
    problem: str


def parse(data: bytes) -> list[Line]:
    """Return the lines of *data*; blank ones are left out, as every peer does."""
    lines = []
    for raw in split_lines(data):
        if not raw.strip():
            continue
        try:
            lines.append(Line(raw, decode(raw), ""))
        except DamagedRecord as error:
            lines.append(Line(raw, None, error.problem))
    return lines


def join(raws: Iterable[bytes]) -> bytes:
    """Return *raws* as the content of a file, each ended by a newline."""
    return b"".join(raw + b"\n" for raw in raws)


def holding(data: bytes, text: str) -> Iterator[Envelope]:
    """Return the messages on those lines of *data* that hold *text* anywhere, newest first.

    Only these lines are parsed, which is what makes a search through a long file cheap.
    """
    for raw in having(data, encode_compact(text)[1:-1]):
        if message := _message(raw):
            yield message


def having(data: bytes, needle: bytes) -> Iterator[bytes]:
    """Return the lines of *data* that hold *needle*, which has no newline, newest first.

    The other lines are not even copied: a ledger may have megabytes of them.
    """
    end = len(data)
    while needle and (at := data.rfind(needle, 0, end)) >= 0:
        start = data.rfind(b"\n", 0, at) + 1
        stop = data.find(b"\n", at)
        yield data[start : stop if stop >= 0 else len(data)]
        end = start


def _message(raw: bytes) -> Envelope | None:
    try:
        return decode(raw)
    except DamagedRecord:
        return None


def has_message(data: bytes, message_id: str) -> bool:
    """Tell whether a message with this id is on a line of *data*."""
    return any(message.id == message_id for message in holding(data, message_id))
