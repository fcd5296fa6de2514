"""The session whose transcript was born right after this server: the ladder's last rung.

Belongs here: which transcripts exist, and when each was created.  A client creates its transcript
a moment after it starts its servers, so exactly one birth in that time names the session; more
than one names nobody.
"""

from __future__ import annotations

import os
import re
import struct
import time
from typing import TYPE_CHECKING, Final

from oxtail.core.codec import decode
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

WINDOW_BEFORE_MS: Final = 1000
"""How long before the server's start a birth still counts: starts are whole seconds."""

WINDOW_AFTER_MS: Final = 300_000
"""How long after the server's start a birth counts."""

FIRST_LINE_MAX_BYTES: Final = 256 * 1024
"""Longest first line that is read: it holds the instructions that Codex was started with."""

FILES_MAX: Final = 2000
"""Most transcripts that are looked at; a folder has some hundred."""

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SUFFIX: Final = ".jsonl"
_AT_FDCWD: Final = -100
_STATX_BTIME: Final = 0x800
_STATX_BYTES: Final = 256
_STATX_BTIME_OFFSET: Final = 80
_PLACEHOLDER: Final = "00000000-0000-0000-0000-000000000000"


class Birth(Value):
    """A session's transcript and when it was created (unix milliseconds)."""

    session_id: str
    born_ms: float


def _statx_birth(path: str) -> float | None:
    """Return when *path* was created (unix seconds) from the system's ``statx``, or None."""
    import ctypes

    try:
        statx = ctypes.CDLL(None, use_errno=True).statx
        answer = ctypes.create_string_buffer(_STATX_BYTES)
        if statx(_AT_FDCWD, os.fsencode(path), 0, _STATX_BTIME, answer):
            return None
    except (AttributeError, OSError):
        return None
    (mask,) = struct.unpack_from("=I", answer, 0)
    seconds, nanoseconds = struct.unpack_from("=qI", answer, _STATX_BTIME_OFFSET)
    return seconds + nanoseconds / 1e9 if mask & _STATX_BTIME else None


def birth_of(path: str) -> float | None:
    """Return when *path* was created (unix seconds), else when it changed; None if it is gone."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    born: float | None = getattr(status, "st_birthtime", None) or _statx_birth(path)
    return born if born and born > 0 else status.st_mtime


def in_window(born_ms: float, started_at: int) -> bool:
    """Tell whether a birth fits a server that started at *started_at* (unix seconds)."""
    return -WINDOW_BEFORE_MS < born_ms - started_at * 1000 <= WINDOW_AFTER_MS


def _transcripts(folder: str) -> list[str]:
    try:
        names = os.listdir(folder)
    except (OSError, ValueError):
        return []
    return [name for name in names if name.endswith(_SUFFIX)][:FILES_MAX]


def _first_cwd(path: str) -> str | None:
    """Return ``payload.cwd`` of the first line of a Codex transcript, or None."""
    try:
        with open(path, "rb") as file:
            line = file.readline(FIRST_LINE_MAX_BYTES + 1)
    except OSError:
        return None
    if len(line) > FIRST_LINE_MAX_BYTES:
        return None
    try:
        value = decode(line)
    except ValueError:
        return None
    payload = value.get("payload") if isinstance(value, dict) else None
    cwd = payload.get("cwd") if isinstance(payload, dict) else None
    return cwd if isinstance(cwd, str) else None


def claude_births(folder: str) -> Iterator[Birth]:
    """Yield the transcripts in a project's folder of Claude Code."""
    for name in _transcripts(folder):
        born = birth_of(os.path.join(folder, name))
        if born is not None:
            yield Birth(name.removesuffix(_SUFFIX), born * 1000)


def codex_births(home: str, cwd: str, started_at: int) -> Iterator[Birth]:
    """Yield the transcripts of Codex of about *started_at* that belong to *cwd*.

    Codex files them by day; the time zone of the name is not known, so both are looked at.  The
    first line is read only where the birth fits, because it may be long.
    """
    moments = (started_at - WINDOW_BEFORE_MS / 1000, started_at + WINDOW_AFTER_MS / 1000)
    zones: tuple[Callable[[float], time.struct_time], ...] = (time.gmtime, time.localtime)
    days = {time.strftime("%Y/%m/%d", zone(moment)) for moment in moments for zone in zones}
    for day in sorted(days):
        folder = os.path.join(home, "sessions", day)
        for name in _transcripts(folder):
            found = _UUID.findall(name)
            path = os.path.join(folder, name)
            born = birth_of(path) if found else None
            if born is None or not in_window(born * 1000, started_at):
                continue
            if _first_cwd(path) == cwd:
                yield Birth(found[-1], born * 1000)


def births(
    client_type: str,
    cwd: str,
    started_at: int,
    *,
    environ: Mapping[str, str],
    user_home: str,
    locate: Callable[[str, str, str], str | None],
) -> tuple[Birth, ...]:
    """Return the transcripts of *client_type* that may be of a session in *cwd*.

    Args:
        client_type: ``claude-code`` or ``codex``; another has none.
        cwd: Where the session works.
        started_at: When its server started (unix seconds).
        environ: ``CODEX_HOME`` moves that client's folder.
        user_home: The user's home folder.
        locate: Returns the transcript path of a client type, session id and folder.
    """
    if client_type == "claude-code":
        path = locate(client_type, _PLACEHOLDER, cwd)
        return tuple(claude_births(os.path.dirname(path))) if path else ()
    if client_type == "codex":
        home = environ.get("CODEX_HOME") or os.path.join(user_home, ".codex")
        return tuple(codex_births(home, cwd, started_at))
    return ()
