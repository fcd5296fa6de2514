"""``oxtail uninstall``: take out of the clients what setup put in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.cli.output import Outcome, Output, one_line
from oxtail.cli.setup import changed, progress_of, shown_plan, world_here
from oxtail.setup import uninstall
from oxtail.setup.world import CLIENTS

if TYPE_CHECKING:
    from oxtail.cli.parser import Options


def carry_out(options: Options, output: Output, *, only_hooks: bool) -> Outcome:
    """Take out, or show what would be taken out."""
    world = world_here()
    clients = (options.client,) if options.client else CLIENTS
    wanted = uninstall.Wanted(clients, server=not only_hooks, join=not only_hooks)
    if options.dry_run:
        return shown_plan(world, clients, uninstall.make_plan(world, wanted))
    done, remarks = uninstall.uninstall(world, wanted, progress_of(output))
    members = {
        "dry_run": False,
        "clients": list(clients),
        "changed": changed(done),
        "remarks": list(remarks),
    }
    lines = ["taken out; mail and records stay" if done else "nothing to do"]
    lines += [f"note: {one_line(remark)}" for remark in remarks]
    committed = "the clients' files were changed" if done else None
    return Outcome(members, "\n".join(lines), committed=committed)


def run(options: Options, output: Output) -> Outcome:
    """Take out the server, the hooks and what a person joins with."""
    return carry_out(options, output, only_hooks=False)
