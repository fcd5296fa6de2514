"""Why a session that runs now would be deaf; reads only."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any, Final

from oxtail.core.entry import from_dict
from oxtail.core.names import is_session_id, parse_pid
from oxtail.errors import OxtailError
from oxtail.store.files.findings import NOTE, WRONG, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from oxtail.core.entry import Entry
    from oxtail.setup.world import World

_FILE_MAX: Final = 1_000_000


def _entries(world: World, is_running: Callable[[Entry], bool]) -> list[Entry]:
    layout, found = world.disk.layout, []
    try:
        names = world.disk.names(layout.sessions)
    except OxtailError:
        return []  # the checks of the state folder report it
    for name in names:
        pid = parse_pid(name.removesuffix(".json"))
        if pid is None:
            continue
        try:
            entry = from_dict(json.loads(world.disk.read(layout.entry(pid)) or b"null"), pid)
        except (OxtailError, ValueError):
            continue
        if is_running(entry):
            found.append(entry)
    return found


def _claude_sessions(world: World, is_alive: Callable[[int], bool]) -> Iterator[dict[str, Any]]:
    """Yield what Claude Code keeps about each of its running sessions."""
    folder = os.path.join(world.claude_home, "sessions")
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in sorted(names):
        pid = parse_pid(name.removesuffix(".json"))
        if pid is None or not is_alive(pid):
            continue
        try:
            with open(os.path.join(folder, name), "rb") as file:
                value = json.loads(file.read(_FILE_MAX))
        except (OSError, ValueError):
            continue
        if isinstance(value, dict) and isinstance(value.get("sessionId"), str):
            yield value


def _codex_sessions(world: World, is_alive: Callable[[int], bool]) -> Iterator[dict[str, Any]]:
    """Yield what our hooks know of each Codex session that started and has not ended.

    Codex itself says nowhere which sessions it has open.
    """
    disk, layout = world.disk, world.disk.layout
    try:
        names = disk.names(layout.session_starts)
    except OxtailError:
        return
    for name in sorted(names):
        try:
            drop = json.loads(disk.read(os.path.join(layout.session_starts, name)) or b"null")
        except (OxtailError, ValueError):
            continue
        payload = drop.get("payload") if isinstance(drop, dict) else None
        if not isinstance(payload, dict):
            continue
        pid, session_id = parse_pid(str(drop.get("ppid"))), payload.get("session_id")
        path = payload.get("transcript_path")
        is_codex = isinstance(path, str) and path.startswith(os.path.join(world.codex_home, ""))
        # The end of a session takes its marker away.
        if (
            is_codex
            and pid is not None
            and is_alive(pid)
            and isinstance(session_id, str)
            and is_session_id(session_id)
            and os.path.exists(layout.marker(session_id))
        ):
            yield payload


def _has_socket(path: object) -> bool:
    if not isinstance(path, str) or not path:
        return False
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def examine(
    world: World,
    is_running: Callable[[Entry], bool],
    is_alive: Callable[[int], bool],
    expects_server: bool,
    expects_codex: bool = False,
) -> list[Finding]:
    """Return what is to be said about running sessions.

    Args:
        world: Where the clients are.
        is_running: Tells whether the process of an entry runs.
        is_alive: Tells whether a process runs.
        expects_server: Whether Claude Code starts our server for each session.
        expects_codex: Whether Codex does.
    """
    found: list[Finding] = []
    entries = _entries(world, is_running)
    known = {entry.session_id for entry in entries}
    for session in _claude_sessions(world, is_alive):
        name = f"the Claude Code session {session['sessionId']}"
        if session["sessionId"] not in known and expects_server:
            problem = f"{name} has no oxtail server: it began before setup, or its server ended"
            remedy = "/mcp in the session reconnects it; so do /clear and a new start"
            found.append(Finding("session-server", WRONG, problem, remedy, session.get("cwd")))
        elif session["sessionId"] in known and not _has_socket(session.get("messagingSocketPath")):
            problem = f"{name} has no inbox socket, so nothing wakes it while it is idle"
            remedy = "start it anew, without --bare; until then mail comes with its next prompt"
            found.append(Finding("session-inbox", WRONG, problem, remedy, session.get("cwd")))
    for session in _codex_sessions(world, is_alive) if expects_codex else ():
        if session["session_id"] not in known:
            problem = f"the Codex session {session['session_id']} has no oxtail server: it ended"
            remedy = f"leave the session, then: codex resume {session['session_id']}"
            found.append(Finding("session-server", WRONG, problem, remedy, session.get("cwd")))
    for entry in entries:
        if entry.client.type == "codex" and entry.session_id is None:
            problem = f"the Codex session of process {entry.server_pid} has not said who it is yet"
            remedy = "its first prompt tells; or $oxtail-join in the session"
            found.append(Finding("session-id", NOTE, problem, remedy, entry.client.cwd))
    return found
