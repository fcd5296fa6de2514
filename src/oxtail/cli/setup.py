"""``oxtail setup``: register the server and the hooks with the clients of this machine."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from oxtail.cli.output import Outcome, Output, one_line
from oxtail.config import from_env
from oxtail.errors import NoClient
from oxtail.setup import install
from oxtail.setup.plan import Change, diff
from oxtail.setup.world import CLIENTS, TITLES, World, look_around

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oxtail.cli.parser import Options


def world_here() -> World:
    """Return the world of this process."""
    return look_around(from_env(os.environ))


def clients_of(options: Options, world: World) -> tuple[str, ...]:
    """Return the clients that the command is about: the one that is named, or those that are here.

    Raises:
        NoClient: there is none.
    """
    if options.client:
        return (options.client,)
    found = tuple(client for client in CLIENTS if world.is_present(client))
    if not found:
        raise NoClient
    return found


def _asks(options: Options, output: Output) -> Callable[[Sequence[str]], bool | None]:
    def confirm(shown: Sequence[str]) -> bool | None:
        if options.yes:
            return True
        if output.as_json or not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
            return None
        listed = "\n".join(f"  {line}" for line in shown)
        output.remark(f"Codex runs a hook only once you trust it. Setup wrote these:\n{listed}")
        output.remark("Let Codex trust them? [y/N]")
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    return confirm


def changed(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Return *changes* for programs."""
    return [
        {
            "client": change.client,
            "what": change.role,
            "path": change.content.path,
            "done": change.done,
        }
        for change in changes
    ]


def shown_plan(world: World, clients: Sequence[str], plan: tuple[Sequence[Change], Any]) -> Outcome:
    """Return what would be written, as a unified diff."""
    changes, remarks = plan
    text = "\n".join(diff(change) for change in changes)
    members = {
        "dry_run": True,
        "clients": list(clients),
        "command": list(world.command),
        "changed": changed(changes),
        "diff": text,
        "remarks": list(remarks),
    }
    said = "\n".join([*remarks, "nothing was written"])
    return Outcome(members, text or "nothing to do", remark=said)


def progress_of(output: Output) -> Callable[[str], None]:
    """Return the function that shows each step, to people only."""

    def progress(text: str) -> None:
        if not output.as_json:
            output.remark(text)

    return progress


def _text(clients: Sequence[str], done: install.Installed) -> str:
    lines = []
    for client in clients:
        touched = any(change.client == client for change in done.changes)
        lines.append(f"{TITLES[client]}: {'is set up' if touched else 'was set up already'}")
    if done.changes:
        lines.append("Sessions that are running load it when they are started anew.")
    lines += [f"note: {one_line(remark)}" for remark in done.remarks]
    return "\n".join(lines)


def carry_out(options: Options, output: Output, *, only_hooks: bool) -> Outcome:
    """Install, or show what would be installed."""
    world = world_here()
    clients = clients_of(options, world)
    wanted = install.Wanted(clients, server=not only_hooks, join=not only_hooks)
    if options.dry_run:
        return shown_plan(world, clients, install.make_plan(world, wanted))
    done = install.install(world, wanted, _asks(options, output), progress_of(output))
    complete = done.trust is None or done.trust.status in ("trusted", "declined")
    members = {
        "dry_run": False,
        "clients": list(clients),
        "command": list(world.command),
        "changed": changed(done.changes),
        "codex_trust": done.trust.status if done.trust else None,
        "complete": complete,
        "remarks": list(done.remarks),
    }
    committed = "the clients' files were changed" if done.changes else None
    return Outcome(
        members, _text(clients, done), exit_status=0 if complete else 1, committed=committed
    )


def run(options: Options, output: Output) -> Outcome:
    """Install the server, the hooks and what a person joins with."""
    return carry_out(options, output, only_hooks=False)
