"""The page about errors: the whole tree."""

from __future__ import annotations

from collections.abc import Iterator

from docgen.text import head, inline, table
from oxtail import errors
from oxtail.core import fleet_errors
from oxtail.errors import around, mail

_RULES = """
A program compares `error` (a tool's answer), `error.code` (the command with `--json`) or `.code` (Python); the text may change, the code does not.
In Python every error is a subclass of `oxtail.OxtailError`, and the indentation shows which class a class specializes: catching a class catches those below it.

A tool answers a failure as an ordinary result with `ok: false`; only `bad-argument` and `internal-error` (a fault of oxtail) are marked as tool errors.
"""


_SOURCES = "the modules of src/oxtail/errors and src/oxtail/core/fleet_errors.py"
"""Where the tree grows; what is loaded here is in it."""

_LOADED = (mail, around, fleet_errors)


def _tree(base: type[errors.OxtailError], depth: int = 0) -> Iterator[tuple[int, type]]:
    yield depth, base
    for child in base.__subclasses__():
        yield from _tree(child, depth + 1)


def page() -> str:
    """Return ``errors.md``."""
    rows = [
        (
            "&emsp;" * depth + f"`{each.__name__}`",
            f"`{each.code}`",
            each.exit_status,
            inline((each.__doc__ or "").split("\n\n", 1)[0]),
        )
        for depth, each in _tree(errors.OxtailError)
    ]
    header = ("class", "code", "exit status", "meaning")
    return head("Errors", _SOURCES) + _RULES + "\n" + table(header, rows)
