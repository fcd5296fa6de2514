"""Tables that name tests as the proof of something; a test checks that what they name is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FILE = re.compile(r"tests/(?:[a-z0-9_]+/)*test_[a-z0-9_]+\.py")
"""Which files pytest collects here."""


def not_collected(names: Iterable[str]) -> list[str]:
    """Return those of *names* (``tests/x/test_x.py::test_y``) that pytest would not collect."""
    written: dict[str, set[str]] = {}
    missing = []
    for name in names:
        path, _, test = name.partition("::")
        if path not in written:
            file = ROOT / path
            is_there = _FILE.fullmatch(path) and file.is_file()
            written[path] = set(_tests(file.read_text(encoding="utf-8"))) if is_there else set()
        if test not in written[path]:
            missing.append(name)
    return missing


def _tests(source: str) -> Iterator[str]:
    """Yield what pytest takes for a test: functions of a module, and of its test classes."""
    for each in ast.parse(source).body:
        if isinstance(each, ast.ClassDef) and each.name.startswith("Test"):
            yield from (f"{each.name}::{name}" for name in _functions(each.body))
    yield from _functions(ast.parse(source).body)


def _functions(body: list[ast.stmt]) -> Iterator[str]:
    for each in body:
        is_function = isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        if is_function and each.name.startswith("test_"):
            yield each.name
