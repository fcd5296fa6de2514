"""Edits of a JSON text that leave every byte outside the edited entry as it is.

An edit takes a text and gives a text; :mod:`.json_text` finds the places.  What is new is laid out
as its neighbors are: same indentation, same line ends, on one line where they are on one line.
Appending an entry and removing it again gives the text that was there before, but for the blanks
inside a container that was empty.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from oxtail.core.json_text import Node, Text, parse
from oxtail.core.value import Value
from oxtail.errors import MalformedFile

Path = Sequence[str | int]
"""Names and indexes from the root to a value."""

_INDENT: Final = re.compile(r"\n([ \t]+)\S")
_STEP: Final = "  "


class Style(Value):
    """How a text is laid out.

    Attributes:
        step: The indentation of one level, or None where all stands on one line.
        newline: Its line end.
    """

    step: str | None
    newline: str


def style_of(text: str) -> Style:
    """Return how *text* is laid out; two blanks and line feeds where it does not show."""
    newline = "\r\n" if "\r\n" in text else "\n"
    match = _INDENT.search(text)
    if match:
        return Style(match[1], newline)
    body = text.strip("\ufeff \t\r\n")
    one_line = "\n" not in body and body.replace(" ", "") not in ("", "{}")
    return Style(None if one_line else _STEP, newline)


def _laid_out(value: Any, style: Style, margin: str) -> str:
    if style.step is None:
        return json.dumps(value, ensure_ascii=False)
    lines = json.dumps(value, ensure_ascii=False, indent=style.step).split("\n")
    return (style.newline + margin).join(lines)


class Editor:
    """A JSON text under edit.

    Attributes:
        text: What it is now.
    """

    def __init__(
        self, text: str, path: str, *, comments: bool = False, commas: bool = False
    ) -> None:
        """Begin with *text* of the file *path*; a blank text counts as an empty object.

        Raises:
            MalformedFile: it is no JSON object.
        """
        self.path = path
        self._comments = comments
        self._commas = commas
        if not text.strip("\ufeff \t\r\n"):
            text = "{}" + ("\n" if not text or text.endswith("\n") else "")
        self.style = style_of(text)
        self.set_text(text)

    def set_text(self, text: str) -> None:
        """Go on with *text*.

        Raises:
            MalformedFile: it is no JSON object.
        """
        self._parsed: Text = parse(text, self.path, comments=self._comments, commas=self._commas)
        self.text = text

    @property
    def value(self) -> Any:
        """What the text means now."""
        return self._parsed.root.value

    @property
    def has_comments(self) -> bool:
        """Whether there are comments."""
        return self._parsed.comments

    def find(self, path: Path) -> Node | None:
        """Return the value at *path*, or None."""
        node: Node | None = self._parsed.root
        for part in path:
            if node is None:
                return None
            if isinstance(part, str):
                node = node.get(part) if node.kind == "object" else None
            else:
                node = node.items[part] if part < len(node.items) else None
        return node

    def expect(self, path: Path, kind: str) -> Node | None:
        """Return the value at *path*, which is a *kind*, or None where there is none.

        Raises:
            MalformedFile: it is something else.
        """
        node = self.find(path)
        if node is not None and node.kind != kind:
            line = self.text.count("\n", 0, node.start) + 1
            where = ".".join(map(str, path))
            problem = f"{where} is expected to be an {kind}"
            raise MalformedFile(f"{self.path}, line {line}: {problem}", path=self.path, line=line)
        return node

    def put(self, path: Path, value: Any) -> None:
        """Set the member at *path* to *value*, at its place, or as the last one if it is new.

        Objects on the way that are missing are made.  A value that is there already stays as it is.
        """
        node = self.find(path)
        if node is not None:
            if node.value != value or type(node.value) is not type(value):
                laid = _laid_out(value, self.style, self._margin(node.start))
                self.set_text(self.text[: node.start] + laid + self.text[node.end :])
            return
        depth = len(path) - 1
        while depth and self.find(path[:depth]) is None:
            depth -= 1
            value = {path[depth + 1]: value}
        container = self.expect(path[:depth], "object")
        assert container is not None
        name = json.dumps(path[depth], ensure_ascii=False)
        self._append(container, value, f"{name}: ")

    def append(self, path: Path, value: Any) -> None:
        """Add *value* to the array at *path*, which is made if it is missing."""
        container = self.expect(path, "array")
        if container is None:
            self.put(path, [value])
        else:
            self._append(container, value, "")

    def remove(self, path: Path) -> None:
        """Remove the entry at *path* with its comma."""
        container = self.find(path[:-1])
        assert container is not None
        if container.kind == "object":
            names = [member.name for member in container.members]
            place = names.index(str(path[-1]))
            spans = [(member.start, member.node.end) for member in container.members]
        else:
            place = int(path[-1])
            spans = [(item.start, item.end) for item in container.items]
        self._cut(container, spans, place)

    def _margin(self, at: int) -> str:
        line = self.text.rfind("\n", 0, at) + 1
        text = self.text[line:at]
        return text[: len(text) - len(text.lstrip(" \t"))]

    def _end_of_inside(self, container: Node) -> int:
        """Return where the last thing inside *container* ends, comments included."""
        last = container.members[-1].node.end if container.members else container.start + 1
        last = container.items[-1].end if container.items else last
        rest = self.text[last : container.end - 1]
        return last + len(rest.rstrip(" \t\r\n"))

    def _append(self, container: Node, value: Any, label: str) -> None:
        entries = container.members or container.items
        spread = "\n" in self.text[container.start : container.end]
        style = self.style if spread or not entries else Style(None, self.style.newline)
        outer = self._margin(container.start)
        inner = outer + (style.step or "")
        if entries and spread:
            first = container.members[0].start if container.members else container.items[0].start
            if "\n" in self.text[container.start : first]:
                inner = self._margin(first)
        laid = label + _laid_out(value, style, inner)
        at = self._end_of_inside(container)
        head, between, tail = self.text[:at], self.text[at : container.end - 1], ""
        if entries:
            last = container.members[-1].node.end if container.members else container.items[-1].end
            if self._comma(last, container.end) is None:
                head = self.text[:last] + "," + self.text[last:at]
        if style.step is None:
            laid = (" " if entries else "") + laid
        else:
            laid = style.newline + inner + laid
            tail = "" if "\n" in between else style.newline + outer
        self.set_text(head + laid + tail + between + self.text[container.end - 1 :])

    def _cut(self, container: Node, spans: list[tuple[int, int]], place: int) -> None:
        start, end = spans[place]
        text = self.text
        if place + 1 < len(spans):
            # The blanks before the next entry go along; those before this one stay for it.
            following = spans[place + 1][0]
            comma = self._comma_after(end)
            kept = text[comma + 1 : following]
            if kept.strip(" \t\r\n"):  # a comment that is not ours
                self.set_text(text[:start] + kept.lstrip(" \t\r\n") + text[following:])
            else:
                self.set_text(text[:start] + text[following:])
            return
        if place == 0:
            left = text[container.start + 1 : start].rstrip(" \t\r\n")
            comma_at = self._comma(end, container.end)
            right = text[end : container.end - 1]
            if comma_at is not None:
                right = text[end:comma_at] + text[comma_at + 1 : container.end - 1]
            if not left and not right.strip(" \t\r\n"):
                right = ""
            self.set_text(text[: container.start + 1] + left + right + text[container.end - 1 :])
            return
        previous = spans[place - 1][1]
        comma = self._comma_after(previous)
        between = text[comma + 1 : start].rstrip(" \t\r\n")
        self.set_text(text[:previous] + text[previous:comma] + between + text[end:])

    def _comma_after(self, at: int) -> int:
        comma = self._comma(at, len(self.text))
        assert comma is not None
        return comma

    def _comma(self, at: int, end: int) -> int | None:
        """Return the place of the comma after the entry that ends at *at*, past comments.

        None if nothing but blanks and comments comes before *end*, where its container ends.
        """
        while at < end and self.text[at] != ",":
            if self.text.startswith("//", at):
                at = self.text.index("\n", at)
            elif self.text.startswith("/*", at):
                at = self.text.index("*/", at) + 2
            else:
                at += 1
        return at if at < end else None
