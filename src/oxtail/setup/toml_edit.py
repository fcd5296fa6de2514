"""Edits of Codex's ``config.toml`` that leave the rest of the text as it is.

Each edit is tried as a cut or an addition of whole lines first, because then nothing else can
change; the TOML library is asked where that is not possible, such as inside an inline table.
Either way the result is parsed again and must mean what was meant, or the edit is refused.
"""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from oxtail.core.json_text import decode
from oxtail.errors import MalformedFile, NotEditable

Keys = Sequence[str]

_LINE: Final = re.compile(r"at line ([0-9]+)")
_HEADER: Final = re.compile(r"[ \t]*\[")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def parse(text: str, path: str) -> dict[str, Any]:
    """Return what *text* means.

    Raises:
        MalformedFile: it is no TOML; the message names the line.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = _LINE.search(str(error))
        line = int(match[1]) if match else text.count("\n") + 1
        problem = str(error).split(" (at ", 1)[0]
        raise MalformedFile(f"{path}, line {line}: {problem}", path=path, line=line) from error


def read_text(data: bytes | None, path: str) -> str:
    """Return the content of a file that may be missing as text; see :func:`.decode`."""
    return "" if data is None else decode(data, path)


def find(value: object, keys: Keys) -> Any:
    """Return what stands at *keys*, or None."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _with(value: Mapping[str, Any], keys: Keys, entry: object) -> dict[str, Any]:
    changed = copy.deepcopy(dict(value))
    table = changed
    for key in keys[:-1]:
        table = table.setdefault(key, {})
    table[keys[-1]] = entry
    return changed


def _without(value: Mapping[str, Any], keys: Keys) -> list[dict[str, Any]]:
    """Return what may be left without *keys*: with the tables above it, or without empty ones."""
    changed = copy.deepcopy(dict(value))
    tables = [changed]
    for key in keys[:-1]:
        tables.append(tables[-1][key])
    del tables[-1][keys[-1]]
    meanings = [copy.deepcopy(changed)]
    for depth in range(len(keys) - 2, -1, -1):
        if tables[depth + 1]:
            break
        del tables[depth][keys[depth]]
        meanings.append(copy.deepcopy(changed))
    return meanings


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _quoted(value: object) -> str:
    # A JSON string is a TOML string but for the escape of the code points beyond the first plane.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _quoted(key)


def _block(keys: Keys, entry: Mapping[str, Any]) -> list[str]:
    lines = ["[" + ".".join(map(_key, keys)) + "]"]
    nested = []
    for key, value in entry.items():
        if isinstance(value, Mapping):
            nested += ["", *_block([*keys, key], value)]
        else:
            lines.append(f"{_key(key)} = {_quoted(value)}")
    return lines + nested


def _first_good(
    candidates: Sequence[Callable[[], str]], meanings: Sequence[object], path: str, what: str
) -> str:
    for candidate in candidates:
        try:
            text = candidate()
            if tomllib.loads(text) in meanings:
                return text
        except (tomllib.TOMLDecodeError, ValueError, KeyError, TypeError, AttributeError):
            continue
    raise NotEditable(f"{path}: {what} cannot be done safely; do it by hand", path=path)


def add(text: str, path: str, keys: Keys, entry: Mapping[str, Any]) -> str:
    """Return *text* with the table *entry* at *keys*, where there is none.

    Raises:
        NotEditable: the file's form does not allow it.
    """
    newline = _newline(text)

    def appended() -> str:
        gap = "" if not text or text.endswith("\n") else newline
        gap += newline if text.strip() else ""
        return text + gap + newline.join(_block(keys, entry)) + newline

    def by_library() -> str:
        import tomlkit

        document: Any = tomlkit.parse(text)
        table = document
        for key in keys[:-1]:
            table = table[key]
        made = tomlkit.inline_table()
        made.update(dict(entry))
        table[keys[-1]] = made
        return tomlkit.dumps(document)

    meaning = _with(parse(text, path), keys, dict(entry))
    return _first_good([appended, by_library], [meaning], path, f"adding {'.'.join(keys)}")


def put(text: str, path: str, keys: Keys, value: object) -> str:
    """Return *text* with *value* at *keys*; the table above it is there.

    Raises:
        NotEditable: the file's form does not allow it.
    """

    def by_library() -> str:
        import tomlkit

        document: Any = tomlkit.parse(text)
        table = document
        for key in keys[:-1]:
            table = table[key]
        table[keys[-1]] = value
        return tomlkit.dumps(document)

    meaning = _with(parse(text, path), keys, value)
    return _first_good([by_library], [meaning], path, f"setting {'.'.join(keys)}")


def _header(line: str) -> Keys | None:
    """Return the keys of a header line, or None for any other line."""
    if not _HEADER.match(line):
        return None
    try:
        value: Any = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return None
    keys = []
    while isinstance(value, (dict, list)) and value:
        value = value[0] if isinstance(value, list) else value
        if value:
            key, value = next(iter(value.items()))
            keys.append(key)
    return keys


def _cut(text: str, keys: Keys) -> str:
    """Return *text* without the tables at and below *keys*, by their lines."""
    kept: list[str] = []
    ours: list[str] = []
    inside = False
    for line in text.splitlines(keepends=True):
        header = _header(line)
        if header is not None:
            if inside:
                kept += _tail(ours, kept)
            inside = list(header[: len(keys)]) == list(keys)
            ours = []
        (ours if inside else kept).append(line)
    if inside:
        kept += _tail(ours, kept)
        if kept and not kept[-1].strip():
            kept.pop()
    return "".join(kept)


def _tail(ours: list[str], kept: list[str]) -> list[str]:
    """Return the comments and blank lines at the end of *ours*: they belong to what follows."""
    last = max(place for place, line in enumerate(ours) if line.strip() and line.strip()[0] != "#")
    tail = ours[last + 1 :]
    if tail and kept and not tail[0].strip() and not kept[-1].strip():
        return tail[1:]
    return tail


def remove(text: str, path: str, keys: Keys) -> str:
    """Return *text* without what stands at *keys*, in any of TOML's spellings.

    Raises:
        NotEditable: the file's form does not allow it.
    """

    def by_library() -> str:
        import tomlkit

        document: Any = tomlkit.parse(text)
        table = document
        for key in keys[:-1]:
            table = table[key]
        del table[keys[-1]]
        return tomlkit.dumps(document)

    meanings = _without(parse(text, path), keys)
    cut = [lambda: _cut(text, keys), by_library]
    return _first_good(cut, meanings, path, f"removing {'.'.join(keys)}")


def remove_empty(text: str, path: str, keys: Keys) -> str:
    """Return *text* without the table at *keys* if it is there and empty; see :func:`remove`."""
    return remove(text, path, keys) if find(parse(text, path), keys) == {} else text
