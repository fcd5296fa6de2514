"""JSON with the place of each value, so that an edit can leave every other byte as it is.

Strict: what RFC 8259 forbids is refused with its line.  Comments and a comma after the last entry
are the two exceptions, and the caller says whether it wants them.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

from oxtail.core.value import Value
from oxtail.errors import MalformedFile

DEPTH_MAX: Final = 100
"""Deepest nesting that is read; settings have less than ten levels."""

_BLANK: Final = re.compile(r"[ \t\r\n]*")
_STRING: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9A-Fa-f]{4})*"')
_SCALAR: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")
_COMMENT: Final = re.compile(r"//[^\r\n]*|/\*.*?\*/", re.DOTALL)


class Member(Value):
    """One name of an object, where its name begins, and its value."""

    name: str
    start: int
    node: Node


class Node(Value):
    """One value and its place.

    Attributes:
        kind: ``object``, ``array`` or ``scalar``.
        start: Where it begins in the text.
        end: Where it ends, exclusive.
        value: What it means.
        members: Those of an object.
        items: Those of an array.
    """

    kind: str
    start: int
    end: int
    value: Any
    members: tuple[Member, ...] = ()
    items: tuple[Node, ...] = ()

    def get(self, name: str) -> Node | None:
        """Return the value of the member *name*, or None."""
        for member in self.members:
            if member.name == name:
                return member.node
        return None


class Text(Value):
    """A parsed text: itself, its root, and whether it has comments."""

    text: str
    root: Node
    comments: bool


class _Reader:
    def __init__(self, text: str, path: str, comments: bool, commas: bool) -> None:
        self.text = text
        self.path = path
        self.allows = comments
        self.commas = commas
        self.seen = False

    def refuse(self, at: int, problem: str) -> NoReturn:
        line = self.text.count("\n", 0, at) + 1
        raise MalformedFile(f"{self.path}, line {line}: {problem}", path=self.path, line=line)

    def blank(self, at: int) -> int:
        while True:
            match = _BLANK.match(self.text, at)
            at = match.end() if match else at
            if not self.text.startswith("/", at):
                return at
            comment = _COMMENT.match(self.text, at)
            if comment is None:
                self.refuse(at, "a comment that does not end, or a stray /")
            if not self.allows:
                self.refuse(at, "a comment, which JSON does not have")
            self.seen = True
            at = comment.end()

    def value(self, at: int, depth: int) -> Node:
        if depth > DEPTH_MAX:
            self.refuse(at, f"nested deeper than {DEPTH_MAX} levels")
        first = self.text[at : at + 1]
        if first == "{":
            return self.object(at, depth)
        if first == "[":
            return self.array(at, depth)
        if first == '"':
            return self.string(at)
        match = _SCALAR.match(self.text, at)
        if match is None:
            self.refuse(at, "a value is missing here" if first else "the file ends too early")
        return Node("scalar", at, match.end(), json.loads(match[0]))

    def string(self, at: int) -> Node:
        match = _STRING.match(self.text, at)
        if match is None:
            self.refuse(at, "a string that does not end, or has a character that must be escaped")
        return Node("scalar", at, match.end(), json.loads(match[0]))

    def object(self, start: int, depth: int) -> Node:
        members: list[Member] = []
        names: set[str] = set()
        at = self.blank(start + 1)
        while not self.text.startswith("}", at):
            if members:
                if not self.text.startswith(",", at):
                    self.refuse(at, "a comma or } is missing here")
                at = self.blank(at + 1)
                if self.commas and self.text.startswith("}", at):
                    break
            if not self.text.startswith('"', at):
                self.refuse(at, "a name in double quotes is missing here")
            name = self.string(at)
            if name.value in names:
                self.refuse(at, f"the name {name.value!r} stands twice in one object")
            names.add(name.value)
            colon = self.blank(name.end)
            if not self.text.startswith(":", colon):
                self.refuse(colon, "a colon is missing here")
            node = self.value(self.blank(colon + 1), depth + 1)
            members.append(Member(name.value, at, node))
            at = self.blank(node.end)
        value = {member.name: member.node.value for member in members}
        return Node("object", start, at + 1, value, members=tuple(members))

    def array(self, start: int, depth: int) -> Node:
        items: list[Node] = []
        at = self.blank(start + 1)
        while not self.text.startswith("]", at):
            if items:
                if not self.text.startswith(",", at):
                    self.refuse(at, "a comma or ] is missing here")
                at = self.blank(at + 1)
                if self.commas and self.text.startswith("]", at):
                    break
            node = self.value(at, depth + 1)
            items.append(node)
            at = self.blank(node.end)
        return Node("array", start, at + 1, [item.value for item in items], items=tuple(items))


def parse(text: str, path: str, *, comments: bool = False, commas: bool = False) -> Text:
    """Return *text* with the place of each value; its root is an object.

    Args:
        text: The content; a byte order mark at its start is skipped.
        path: The file, for the message.
        comments: Whether ``//`` and ``/* */`` are let through.
        commas: Whether a comma after the last entry is let through.

    Raises:
        MalformedFile: it is no JSON object; the message names the line.
    """
    reader = _Reader(text, path, comments, commas)
    at = reader.blank(1 if text.startswith("\ufeff") else 0)
    root = reader.value(at, 0)
    end = reader.blank(root.end)
    if end != len(text):
        reader.refuse(end, "the file goes on after its value")
    if root.kind != "object":
        reader.refuse(at, "an object { ... } is expected")
    return Text(text, root, reader.seen)


def decode(data: bytes, path: str) -> str:
    """Return *data* as text.

    Raises:
        MalformedFile: it is no UTF-8; the message names the line.
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MalformedFile(f"{path}, line {line}: not UTF-8", path=path, line=line) from error
