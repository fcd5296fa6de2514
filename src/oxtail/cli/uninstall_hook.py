"""``oxtail uninstall-hook``: only the hooks of ``oxtail uninstall``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.cli.uninstall import carry_out

if TYPE_CHECKING:
    from oxtail.cli.output import Outcome, Output
    from oxtail.cli.parser import Options


def run(options: Options, output: Output) -> Outcome:
    """Take out the hooks."""
    return carry_out(options, output, only_hooks=True)
