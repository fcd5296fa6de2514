"""``oxtail demo``: sessions at work in a private folder, every step checked.

:mod:`.world` owns the folder and the processes, :mod:`.client` speaks to a server as Claude Code
and Codex do, :mod:`.peer` is a Python program that takes part, :mod:`.story` is what happens.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from oxtail.cli.demo.story import Narrator, tell
from oxtail.cli.demo.world import World
from oxtail.cli.output import Outcome, Output

if TYPE_CHECKING:
    from oxtail.cli.parser import Options

PACE_SECONDS = 0.07
"""Pause after each line on a terminal, so that eyes can follow."""


def _on_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def run(options: Options, output: Output) -> Outcome:
    """Tell the story; a step that does not hold ends it with ``demo-failed``."""
    say = None if options.json else output.raw
    narrator = Narrator(say, pace=PACE_SECONDS if say and _on_terminal() else 0.0)
    with World() as world:
        members = tell(world, narrator)
    narrator.line()
    narrator.check("no process of the demo runs", world.still_running() == 0)
    narrator.check(f"{world.folder} is gone", not os.path.exists(world.folder))
    summary = (
        f"{members['sent']} messages sent, {members['shown']} shown, {members['lost']} lost, "
        f"{members['killed']} server killed; {narrator.checks} checks held."
    )
    return Outcome({**members, "checks": narrator.checks}, f"\n{summary}")
