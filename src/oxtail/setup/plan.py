"""What would be written, before anything is: one value per file."""

from __future__ import annotations

import difflib
import os
from typing import TYPE_CHECKING

from oxtail.core.value import Value

if TYPE_CHECKING:
    from oxtail.disk.foreign import Content


class Change(Value):
    """One file as it is and as it shall be.

    Attributes:
        client: ``claude`` or ``codex``.
        role: ``server``, ``hooks``, ``script`` or ``join``; the last two are files of our own.
        content: What it is.
        after: What it shall be; None removes it.
        done: What happened, for people, in a few words.
        made: Containers that are new in it, innermost first.
        mode: Permission bits that it gets because those it has are wrong, or None.
        whole: Whether the original bytes come back.
    """

    client: str
    role: str
    content: Content
    after: bytes | None
    done: str
    made: tuple[tuple[str, ...], ...] = ()
    mode: int | None = None
    whole: bool = False

    @property
    def is_needed(self) -> bool:
        """Whether it changes anything."""
        return self.after != self.content.data or self.mode is not None


class Plan(Value):
    """What would be written for one client, and what is to be said about it."""

    changes: tuple[Change, ...]
    remarks: tuple[str, ...] = ()


def _lines(data: bytes | None) -> list[str]:
    return [] if data is None else data.decode("utf-8", "replace").split("\n")


def diff(change: Change) -> str:
    """Return the unified diff of *change*, without the last line end."""
    path = change.content.path
    before = path if change.content.data is not None else os.devnull
    after = path if change.after is not None else os.devnull
    old, new = _lines(change.content.data), _lines(change.after)
    # A text that ends with a line end has an empty last part, which is no line.
    no_end = "\\ no line end"
    for lines in (old, new):
        if lines and lines[-1] == "":
            lines.pop()
        elif lines:
            lines.append(no_end)
    found = difflib.unified_diff(old, new, before, after, lineterm="")
    return "\n".join(no_end if line[1:] == no_end else line for line in found)
