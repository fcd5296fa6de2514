"""The page about the command, which the argument tables write themselves."""

from __future__ import annotations

from oxtail.cli.help import reference


def page() -> str:
    """Return ``cli.md``."""
    return reference()
