"""Tool arguments: one table that is both the schema sent and the check applied.

Belongs here: the kinds of fields, their JSON Schema and their checks.  Never here: which tool has
which.  Arguments that a tool does not know are ignored, and null counts as left out.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final, Protocol

from oxtail.core.codec import decode
from oxtail.core.envelope import check_body
from oxtail.core.value import Value
from oxtail.errors import BadArgument

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Field(Protocol):
    """One argument of a tool."""

    @property
    def name(self) -> str:
        """The argument, as the caller writes it."""
        ...

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        ...

    @property
    def note(self) -> str:
        """What the caller is told beyond name and type."""
        ...

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the argument, without the note.

        Only limits that a well-meaning caller may meet are told: each costs room in every context.
        """
        ...

    def check(self, value: object) -> Any:
        """Return *value* as the use case takes it, or None where it counts as left out.

        Raises:
            BadArgument: the value has the wrong type, size or form.
        """
        ...


class Text(Value):
    """A string, bounded in characters.

    Attributes:
        longest: Most characters.
        printable: Whether control characters and lone surrogates are refused.
        empty: What the empty string is: ``refused``, ``kept``, or ``absent`` (counts as left out).
        tells_limit: Whether the schema names *longest*.
        pattern: What it must match as a whole, if anything.
    """

    name: str
    longest: int
    required: bool = False
    note: str = ""
    printable: bool = True
    empty: str = "refused"
    tells_limit: bool = False
    pattern: str = ""

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the argument."""
        members: dict[str, Any] = {"type": "string"}
        if self.tells_limit:
            members["maxLength"] = self.longest
        if self.pattern:
            members["pattern"] = f"^{self.pattern}$"
        return members

    def check(self, value: object) -> str | None:
        """Return *value*, or None where it is empty and that counts as left out."""
        if not isinstance(value, str):
            raise BadArgument(self.name, "must be a string")
        if not value and self.empty == "absent":
            return None
        if not value and self.empty == "refused":
            raise BadArgument(self.name, "must not be empty")
        if len(value) > self.longest:
            raise BadArgument(self.name, f"must have at most {self.longest} characters")
        if self.printable and _UNPRINTABLE.search(value):
            raise BadArgument(self.name, "must not contain control characters")
        if self.pattern and not re.fullmatch(self.pattern, value):
            raise BadArgument(self.name, f"must match {self.pattern}")
        return value


class Targets(Value):
    """One receiver or several: a string, or a list of strings.

    Attributes:
        longest: Most characters of one.
        most: Most receivers in a list.
    """

    name: str
    longest: int
    most: int
    required: bool = False
    note: str = ""

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the argument."""
        return {"type": ["string", "array"], "items": {"type": "string"}}

    def check(self, value: object) -> str | tuple[str, ...]:
        """Return *value*; a list is a tuple.

        A string that holds a JSON list is one: some clients pass a list as text where a string
        would do as well.
        """
        each = Text(self.name, self.longest)
        if isinstance(value, str) and value.startswith("["):
            try:
                listed = decode(value)
            except ValueError:
                listed = None
            value = listed if isinstance(listed, list) else value
        if not isinstance(value, list):
            return each.check(value) or ""
        if not 0 < len(value) <= self.most:
            raise BadArgument(self.name, f"must be one to {self.most} targets")
        return tuple(each.check(item) or "" for item in value)


class Body(Value):
    """The text of a message: any characters, bounded in UTF-8 bytes."""

    name: str
    required: bool = True
    note: str = ""

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the argument."""
        return {"type": "string"}

    def check(self, value: object) -> str:
        """Return *value*."""
        return check_body(value, self.name)


class Choice(Value):
    """One of a few words."""

    name: str
    words: tuple[str, ...]
    required: bool = False
    note: str = ""

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the argument."""
        return {"type": "string", "enum": list(self.words)}

    def check(self, value: object) -> str:
        """Return *value*."""
        if not isinstance(value, str) or value not in self.words:
            raise BadArgument(self.name, f"must be one of {', '.join(self.words)}")
        return value


class Flag(Value):
    """A boolean."""

    name: str
    required: bool = False
    note: str = ""

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the argument."""
        return {"type": "boolean"}

    def check(self, value: object) -> bool:
        """Return *value*."""
        if not isinstance(value, bool):
            raise BadArgument(self.name, "must be true or false")
        return value


class Anything(Value):
    """A value that the tool itself judges: hooks hand over what they have."""

    name: str
    required: bool = False
    note: str = ""

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the argument."""
        return {}

    def check(self, value: object) -> object:
        """Return *value*."""
        return value


class Integer(Value):
    """A whole number; ``5.0`` is one.

    Attributes:
        least: Smallest value.
        most: Largest value.
        clamps: Whether a number outside is moved to the nearest bound instead of refused; an
            infinite one then counts as left out.
    """

    name: str
    least: int
    most: int
    required: bool = False
    note: str = ""
    clamps: bool = False

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the argument."""
        if self.clamps:
            return {"type": "integer"}
        return {"type": "integer", "minimum": self.least, "maximum": self.most}

    def check(self, value: object) -> int | None:
        """Return *value* as an integer, or None where it is infinite and clamped."""
        if isinstance(value, float) and self.clamps and not math.isfinite(value):
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise BadArgument(self.name, "must be an integer")
        if self.clamps:
            return min(max(value, self.least), self.most)
        if not self.least <= value <= self.most:
            raise BadArgument(self.name, f"must be from {self.least} to {self.most}")
        return value


def object_schema(fields: Sequence[Field]) -> dict[str, Any]:
    """Return the JSON Schema of the arguments object of a tool."""
    properties = {}
    for field in fields:
        members = field.schema()
        if field.note:
            members["description"] = field.note
        properties[field.name] = members
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required := [field.name for field in fields if field.required]:
        schema["required"] = required
    return schema


def check(fields: Sequence[Field], arguments: Mapping[str, object]) -> dict[str, Any]:
    """Return the arguments that were given, checked; what was left out is absent.

    Raises:
        BadArgument: one of them is malformed, or a required one is missing.
    """
    values = {}
    for field in fields:
        given = arguments.get(field.name)
        if given is None and field.required:
            raise BadArgument(field.name, "is required")
        if given is not None and (value := field.check(given)) is not None:
            values[field.name] = value
    return values
