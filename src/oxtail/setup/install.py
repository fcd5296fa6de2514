"""Installs: plans everything, refuses as a whole or writes, and keeps a record of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from oxtail.core.value import Value
from oxtail.disk.foreign import Content, back_up, check_writable, digest, read
from oxtail.disk.foreign import replace as replace_file
from oxtail.errors import ChangedMeanwhile, ConfigError, SetupRefused
from oxtail.setup import claude, codex, hooks, record, trust
from oxtail.setup.join_files import plan_join
from oxtail.setup.plan import Change, Plan
from oxtail.setup.record import Edited, Record
from oxtail.setup.world import CLAUDE, CODEX, World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TRIES: Final = 5
"""How often a file is edited anew that somebody else changed meanwhile."""

SCRIPT_MODE: Final = 0o700
OWNED: Final = ("script", "join")


class Wanted(Value):
    """What is to be installed."""

    clients: tuple[str, ...]
    server: bool = True
    hooks: bool = True
    join: bool = True


class Installed(Value):
    """What was done.

    Attributes:
        changes: What was written.
        remarks: What is to be said.
        trust: What became of the trust in Codex's hooks; None where there was no need to look.
    """

    changes: tuple[Change, ...]
    remarks: tuple[str, ...]
    trust: trust.Outcome | None = None


def _script(world: World) -> Change:
    content = read(world.script)
    runs = content.data is None or content.mode & SCRIPT_MODE == SCRIPT_MODE
    mode = None if runs else SCRIPT_MODE
    if content.data is None or not runs:
        content = content._replace(mode=SCRIPT_MODE)
    data = hooks.script_bytes()
    change = Change(CLAUDE, "script", content, data, "installed the hook script", mode=mode)
    if change.is_needed:
        check_writable(content)
    return change


def make_plan(world: World, wanted: Wanted) -> Plan:
    """Plan everything that *wanted* asks for; nothing is written.

    Raises:
        SetupRefused: something is in the way; ``problems`` lists all of it.
    """
    kept = record.load(world.disk)
    changes: list[Change] = []
    remarks: list[str] = []
    problems: list[ConfigError] = []
    steps: list[Callable[[], Change | Plan]] = []
    if wanted.hooks:
        steps.append(lambda: _script(world))
    for client in wanted.clients:
        module = claude if client == CLAUDE else codex
        if wanted.server:
            steps.append(lambda module=module: module.plan_server(world))  # type: ignore[misc]
        if wanted.hooks:
            steps.append(lambda module=module: module.plan_hooks(world))  # type: ignore[misc]
        if wanted.join:
            steps.append(lambda client=client: plan_join(world, client, kept))  # type: ignore[misc]
    for step in steps:
        try:
            found = step()
        except ConfigError as error:
            problems.append(error)
            continue
        plan = Plan((found,)) if isinstance(found, Change) else found
        changes += [change for change in plan.changes if change.is_needed]
        remarks += plan.remarks
    if problems:
        listed = [{"code": each.code, "message": each.message, **each.fields} for each in problems]
        text = "\n".join(each.message for each in problems)
        raise SetupRefused(f"{text}\nnothing was changed", problems=listed)
    return Plan(tuple(changes), tuple(remarks))


def note_edit(kept: Record, change: Change, now: float) -> None:
    """Put *change* into *kept* before it is made; the first one of a file makes a backup.

    Raises:
        FileTrouble: the backup cannot be written.
    """
    path, before = change.content.path, digest(change.content.data)
    after = digest(change.after)
    assert after is not None
    if change.role in OWNED:
        kept.owned[path] = after
        return
    old = kept.edited.get(path)
    if old is None:
        backup = None if change.content.data is None else back_up(change.content, now)
        new = Edited(change.client, change.role, before, after, backup, True, change.made)
    else:
        exact = old.exact and before in (old.before, old.after)
        made = old.made + tuple(each for each in change.made if each not in old.made)
        new = old._replace(after=after, exact=exact, made=made)
    kept.edited[path] = new


def apply(world: World, changes: Sequence[Change], now: float) -> tuple[Change, ...]:
    """Write *changes*, each in one step, with a record of each before it.

    Raises:
        ChangedMeanwhile: a file is no longer what was planned for; those before it are written.
        ConfigError: a file cannot be written.
        StoreError: the record cannot be kept.
    """
    done = []
    for change in changes:
        if read(change.content.path).data != change.content.data:
            raise ChangedMeanwhile(
                f"{change.content.path} was changed by another program meanwhile"
            )
        kept = record.load(world.disk)
        note_edit(kept, change, now)
        record.save(world.disk, kept)
        replace_file(change.content, change.after)
        done.append(change)
    return tuple(done)


def _note_trust(world: World, before: Content, outcome: trust.Outcome, now: float) -> None:
    """Keep what Codex wrote on our behalf, so that it can be undone."""
    kept = record.load(world.disk)
    made = codex_made(before)
    after = read(world.codex_config)
    change = Change(CODEX, "server", before, after.data, "trusted the hooks", made)
    note_edit(kept, change, now)
    kept.trusted.update(outcome.trusted)
    record.save(world.disk, kept)


def codex_made(content: Content) -> tuple[tuple[str, ...], ...]:
    """Return the tables for trust that ``config.toml`` does not have yet, innermost first."""
    from oxtail.setup import toml_edit

    value = toml_edit.parse(toml_edit.read_text(content.data, content.path), content.path)
    keys = (codex.STATE, codex.STATE[:1])
    return tuple(each for each in keys if toml_edit.find(value, each) is None)


def install(
    world: World,
    wanted: Wanted,
    confirm: Callable[[Sequence[str]], bool | None],
    progress: Callable[[str], None],
) -> Installed:
    """Install what *wanted* asks for; what is there already stays as it is.

    Args:
        world: Where to.
        wanted: What.
        confirm: Shows hooks and asks whether Codex shall trust them; None if nobody can be asked.
        progress: Told of each step.

    Raises:
        SetupRefused: something is in the way; nothing was changed.
        ConfigError: a file changes all the time, or cannot be written.
        StoreError: the record cannot be kept.
    """
    now = time.time()
    done: list[Change] = []
    for attempt in range(1, TRIES + 1):
        plan = make_plan(world, wanted)
        try:
            for change in plan.changes:
                done += apply(world, [change], now)
                progress(f"{change.content.path}: {change.done}")
            break
        except ChangedMeanwhile:
            if attempt == TRIES:
                raise
    outcome = None
    if wanted.hooks and CODEX in wanted.clients:
        before = read(world.codex_config)
        outcome = trust.give_trust(world, confirm)
        if outcome.trusted:
            _note_trust(world, before, outcome, now)
            progress(f"{before.path}: Codex trusts {len(outcome.trusted)} hooks of oxtail")
    said = [outcome.remark] if outcome and outcome.remark else []
    return Installed(tuple(done), (*plan.remarks, *said), outcome)
