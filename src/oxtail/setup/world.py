"""Where the clients of this machine keep their settings, and how our server is started."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, Final

from oxtail.core.value import Value
from oxtail.disk.atomic import Disk
from oxtail.hooks import script
from oxtail.setup.ownership import NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oxtail.config import Settings

CLAUDE: Final = "claude"
CODEX: Final = "codex"
CLIENTS: Final = (CLAUDE, CODEX)

TITLES: Final[Mapping[str, str]] = {CLAUDE: "Claude Code", CODEX: "Codex"}

_PASSED_ON: Final = ("OXTAIL_HOME", "CODEX_HOME")
"""Codex hides the environment from its servers; without these a server looks in the wrong place."""


class World(Value):
    """What setup works on.

    Attributes:
        environ: The environment.
        disk: The state folder.
        claude_settings: Claude Code's settings: hooks.
        claude_global: Claude Code's own file: servers.
        claude_home: Its folder.
        codex_home: Codex's folder.
        command: How our server is started, an absolute path first.
        programs: The clients' programs, those that were found.
    """

    environ: Mapping[str, str]
    disk: Disk
    claude_home: str
    claude_settings: str
    claude_global: str
    codex_home: str
    command: tuple[str, ...]
    programs: Mapping[str, str]

    @property
    def codex_config(self) -> str:
        """Codex's settings: servers, and which hooks are trusted."""
        return os.path.join(self.codex_home, "config.toml")

    @property
    def codex_hooks(self) -> str:
        """Codex's hooks."""
        return os.path.join(self.codex_home, "hooks.json")

    @property
    def script(self) -> str:
        """Where the hook script is installed."""
        return os.path.join(self.disk.layout.home, "hooks", script.NAME)

    @property
    def server_environ(self) -> dict[str, str]:
        """What our server must be given where the client hides the environment."""
        return {name: self.environ[name] for name in _PASSED_ON if self.environ.get(name)}

    def home_of(self, client: str) -> str:
        """Return the folder of *client*."""
        return self.claude_home if client == CLAUDE else self.codex_home

    def is_present(self, client: str) -> bool:
        """Tell whether *client* is used on this machine."""
        return client in self.programs or os.path.isdir(self.home_of(client))


def server_command(argv0: str, path: str | None) -> tuple[str, ...]:
    """Return how our server is started, as a command that a client can keep.

    The name by which we were started goes first, because a tool installer keeps that one alive
    through upgrades.
    """
    beside = os.path.join(os.path.dirname(sys.executable), NAME)
    started = os.path.abspath(argv0) if os.path.basename(argv0) == NAME else None
    for candidate in (started, beside, shutil.which(NAME, path=path)):
        if candidate and os.access(candidate, os.X_OK) and os.path.isfile(candidate):
            return (os.path.abspath(candidate), "serve")
    return (sys.executable, "-m", NAME, "serve")


def look_around(settings: Settings) -> World:
    """Return the world that *settings* describe."""
    environ = settings.environ
    home = settings.user_home
    claude_home = os.path.abspath(environ.get("CLAUDE_CONFIG_DIR") or os.path.join(home, ".claude"))
    # The file is beside the default folder, and in a folder that the user named.
    beside = claude_home if environ.get("CLAUDE_CONFIG_DIR") else home
    path = environ.get("PATH")
    found = {name: shutil.which(name, path=path) for name in CLIENTS}
    return World(
        environ,
        Disk(settings.home, fsync=settings.fsync),
        claude_home,
        os.path.join(claude_home, "settings.json"),
        os.path.join(beside, ".claude.json"),
        os.path.abspath(environ.get("CODEX_HOME") or os.path.join(home, ".codex")),
        server_command(sys.argv[0], path),
        {name: program for name, program in found.items() if program},
    )
