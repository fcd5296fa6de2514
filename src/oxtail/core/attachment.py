"""Files that go along with a message: by reference, as private copies.

Belongs here: which paths a typed text may mean, what a copy is called, and how a message names its
copies.  Never here: files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from oxtail.core.plain import plain
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

ATTACHMENTS_MAX: Final = 8
"""Most files of one message."""

NAME_MAX_CHARS: Final = 60
"""Longest readable part of the name of a copy."""

PATH_SHOWN_CHARS: Final = 120
"""How much of a path an error repeats."""

KEPT_SECONDS: Final = 7 * 86_400
"""How long a copy is kept."""

COPY: Final = re.compile(r"[0-9a-f]{64}-[A-Za-z0-9._-]{1,60}")
"""What the name of a copy looks like: a hash of its bytes, and what it was called."""

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_LEADING: Final = re.compile(r"^\.+")


class Attached(Value):
    """A private copy of a file.

    Attributes:
        path: Where the copy is.
        name: What the file was called; safe to show.
        size: Its bytes.
    """

    path: str
    name: str
    size: int


def tries(text: str) -> tuple[str, ...]:
    """Return the paths that *text* may mean, the likeliest first.

    Whoever drags a file into a terminal gets its path in quotes, or with a backslash before each
    character that a shell would take for something else.
    """
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    return tuple(dict.fromkeys((text, _ESCAPED.sub(r"\1", text))))


def shown(path: str) -> str:
    """Return *path* as an error repeats it."""
    return plain(path, PATH_SHOWN_CHARS)


def copy_name(digest: str, name: str) -> str:
    """Return what the copy of a file called *name* is called, whose bytes hash to *digest*."""
    safe = _LEADING.sub(lambda dots: "_" * len(dots.group()), _UNSAFE.sub("_", name))
    return f"{digest}-{safe[:NAME_MAX_CHARS] or 'file'}"


def check_copy(name: str) -> str:
    """Return *name* if it is one of a copy; ValueError if it is not."""
    if not COPY.fullmatch(name):
        raise ValueError(f"not the name of a copy: {name[:80]!r}")
    return name


def note(attached: Sequence[Attached]) -> str:
    """Return the end of a message that names its files."""
    count = "1 file is" if len(attached) == 1 else f"{len(attached)} files are"
    lines = [
        f"{number}. {each.path} ({each.name}, {each.size} bytes)"
        for number, each in enumerate(attached, 1)
    ]
    return "\n".join((f"{count} attached; read them with your file tools:", *lines))


def with_note(text: str, attached: Sequence[Attached]) -> str:
    """Return the body of a message of *text* and files."""
    if not attached:
        return text
    return f"{text}\n\n{note(attached)}" if text else note(attached)
