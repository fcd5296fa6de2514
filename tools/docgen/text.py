"""Small helpers for Markdown, and the source tree as the generators see it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src" / "oxtail"

_ROLE = re.compile(r":[a-z]+:`~?([^`]+)`")


class Unexplained(Exception):
    """The code has something that no page explains."""


def head(title: str, source: str) -> str:
    """Return the first lines of a page."""
    return f"# {title}\n\nMade from `{source}` by `make docs`; a test compares the two.\n"


def table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a Markdown table."""
    names = list(header)
    cells = (" | ".join(str(cell).replace("|", "\\|") for cell in row) for row in rows)
    lines = [" | ".join(names), *cells]
    lines = [f"| {line} |" for line in lines]
    lines.insert(1, "|" + "---|" * len(names))
    return "\n".join(lines) + "\n"


def inline(text: str) -> str:
    """Return docstring text as Markdown, on one line."""

    def name(match: re.Match[str]) -> str:
        return f"`{match[1].rsplit('.', 1)[-1]}`" if "oxtail." in match[1] else f"`{match[1]}`"

    return " ".join(_ROLE.sub(name, text).replace("``", "`").split())


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Yield every module of the package: its dotted name and its syntax tree."""
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        dotted = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield dotted, ast.parse(path.read_text(encoding="utf-8"), str(path))


def missing(what: str, used: Iterable[str], explained: Iterable[str]) -> None:
    """Check that exactly the *explained* are *used*.

    Raises:
        Unexplained: with the names on either side that the other lacks.
    """
    used, explained = set(used), set(explained)
    if unknown := sorted(used - explained):
        raise Unexplained(f"no explanation of {what}: {', '.join(unknown)}")
    if stale := sorted(explained - used):
        raise Unexplained(f"explained, but nowhere in the code: {what} {', '.join(stale)}")
