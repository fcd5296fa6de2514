"""Takes out what setup put in.

A file that is still as setup left it gets its original bytes back.  From one that was changed
since, only our entries are removed, and the backup is left for its owner.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from oxtail.core.value import Value
from oxtail.disk.foreign import Content, check_writable, digest, read, remove_empty_folders
from oxtail.disk.foreign import replace as replace_file
from oxtail.errors import ChangedMeanwhile, ConfigError, SetupRefused
from oxtail.setup import claude, codex, record
from oxtail.setup.install import TRIES
from oxtail.setup.plan import Change, Plan
from oxtail.setup.world import CLAUDE, CODEX, World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oxtail.setup.record import Edited, Record


class Wanted(Value):
    """What is to be taken out."""

    clients: tuple[str, ...]
    server: bool = True
    join: bool = True


def _original(content: Content, edited: Edited | None) -> tuple[bool, bytes | None]:
    """Return whether *content* may become what it was, and what that is."""
    if edited is None or not edited.exact or digest(content.data) != edited.after:
        return False, None
    if edited.before is None:
        return True, None
    if edited.backup is None:
        return False, None
    try:
        kept = read(edited.backup)
    except ConfigError:
        return False, None
    return digest(kept.data) == edited.before, kept.data


def _paths(world: World, kept: Record) -> dict[str, tuple[str, str]]:
    """Return client and role of each file that may hold something of ours."""
    here = {
        world.claude_global: (CLAUDE, "server"),
        world.claude_settings: (CLAUDE, "hooks"),
        world.codex_config: (CODEX, "server"),
        world.codex_hooks: (CODEX, "hooks"),
    }
    paths = {os.path.realpath(path): what for path, what in here.items()}
    return {**paths, **{path: (one.client, one.role) for path, one in kept.edited.items()}}


def _without(kept: Record, content: Content, client: str, role: str, server: bool) -> bytes | None:
    edited = kept.edited.get(content.path)
    made = edited.made if edited else ()
    if role == "hooks":
        return claude.without_hooks(content, made)
    if client == CLAUDE:
        return claude.without_server(content, made)
    return codex.without_server(content, made, kept.trusted, server)


def _plan_file(kept: Record, path: str, client: str, role: str, server: bool) -> Change | None:
    content = read(path)
    if content.data is None:
        return None
    whole, data = _original(content, kept.edited.get(path))
    if whole and data is not None:
        # What an earlier installation left in it would start a script that is gone.
        original = content._replace(data=data)
        whole = _without(kept, original, client, role, server) == data
    # The bytes from before the trust are those from before the server, too.
    if not whole or (role == "server" and not server):
        whole, data = False, _without(kept, content, client, role, server)
    done = "put back what it was" if whole else "took out the entries of oxtail"
    change = Change(client, role, content, data, done, whole=whole)
    if change.is_needed:
        check_writable(content)
    return change


def _plan_owned(kept: Record, world: World, wanted: Wanted) -> Plan:
    changes, remarks = [], []
    all_clients = set(wanted.clients) == {CLAUDE, CODEX}
    for path, left in sorted({world.script: "", **kept.owned}.items()):
        role = "script" if path == world.script else "join"
        client = CODEX if path.startswith(world.codex_home + os.sep) else CLAUDE
        chosen = all_clients if role == "script" else wanted.join and client in wanted.clients
        content = read(path)
        if not chosen or content.data is None:
            continue
        if role == "join" and digest(content.data) != left:
            remarks.append(f"{path} was changed since it was installed, so it stays")
            continue
        changes.append(Change(client, role, content, None, "removed it"))
    return Plan(tuple(changes), tuple(remarks))


def make_plan(world: World, wanted: Wanted) -> Plan:
    """Plan what is to be taken out; nothing is written.

    Raises:
        SetupRefused: something is in the way; ``problems`` lists all of it.
    """
    kept = record.load(world.disk)
    changes: list[Change] = []
    problems: list[ConfigError] = []
    for path, (client, role) in _paths(world, kept).items():
        if client not in wanted.clients or not (
            wanted.server or role == "hooks" or (client == CODEX and kept.trusted)
        ):
            continue
        try:
            change = _plan_file(kept, path, client, role, wanted.server)
        except ConfigError as error:
            problems.append(error)
            continue
        if change is not None and change.is_needed:
            changes.append(change)
    if problems:
        listed = [{"code": each.code, "message": each.message, **each.fields} for each in problems]
        text = "\n".join(each.message for each in problems)
        raise SetupRefused(f"{text}\nnothing was changed", problems=listed)
    owned = _plan_owned(kept, world, wanted)
    return Plan((*changes, *owned.changes), owned.remarks)


def _forget(world: World, change: Change) -> str | None:
    """Take *change* out of the record; return a remark about the backup that is left."""
    kept = record.load(world.disk)
    path = change.content.path
    kept.owned.pop(path, None)
    edited = kept.edited.get(path)
    remark = None
    if edited is not None and change.whole:
        del kept.edited[path]
        if edited.backup:
            with contextlib.suppress(OSError):  # one that is left harms nobody
                os.unlink(edited.backup)
    elif edited is not None:
        del kept.edited[path]
        if edited.backup:
            remark = f"{path} as it was before setup is still in {edited.backup}"
    if change.client == CODEX and change.role == "server":
        kept.trusted.clear()
    record.save(world.disk, kept)
    return remark


def _forget_rest(world: World, wanted: Wanted) -> None:
    """Drop what the record says of files that hold nothing of ours any more."""
    kept = record.load(world.disk)
    for path, edited in list(kept.edited.items()):
        if edited.client in wanted.clients and (wanted.server or edited.role == "hooks"):
            del kept.edited[path]
    for path in list(kept.owned):
        if not os.path.lexists(path):
            del kept.owned[path]
    record.save(world.disk, kept)


def uninstall(
    world: World, wanted: Wanted, progress: Callable[[str], None]
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """Take out what *wanted* says; return what was changed, and remarks.

    Raises:
        SetupRefused: something is in the way; nothing was changed.
        ConfigError: a file changes all the time, or cannot be written.
        StoreError: the record cannot be kept.
    """
    done: list[Change] = []
    remarks: list[str] = []
    for attempt in range(1, TRIES + 1):
        plan = make_plan(world, wanted)
        try:
            for change in plan.changes:
                replace_file(change.content, change.after)
                done.append(change)
                progress(f"{change.content.path}: {change.done}")
                remark = _forget(world, change)
                remarks += [remark] if remark else []
            break
        except ChangedMeanwhile:
            if attempt == TRIES:
                raise
    _forget_rest(world, wanted)
    _tidy(world, done)
    return tuple(done), (*plan.remarks, *remarks)


def _tidy(world: World, done: Sequence[Change]) -> None:
    """Remove the folders of our own files that are empty now."""
    for change in done:
        if change.role == "script":
            remove_empty_folders(os.path.dirname(change.content.path), world.disk.layout.home)
        elif change.role == "join":
            home = os.path.realpath(world.home_of(change.client))
            remove_empty_folders(os.path.dirname(change.content.path), home)
