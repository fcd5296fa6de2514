"""Whether a Claude Code session lets texts in that other programs post to it.

Claude Code holds or drops such texts if the user's settings say so, also those of the session's own
server, and tells nobody who posted.  So the setting is read here, as the client reads it: managed
settings decide before the user's own, and a project can only be stricter.  Settings that are given
on the client's command line are not seen.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTING: Final = "crossSessionInbound"
POLICIES: Final = ("accept", "hold", "refuse")
"""From open to closed; a value that is none of them makes the client hold."""

FILE_MAX_BYTES: Final = 1_000_000

_MANAGED: Final = (
    "/Library/Application Support/ClaudeCode/managed-settings.json"
    if sys.platform == "darwin"
    else "/etc/claude-code/managed-settings.json"
)


def _said_by(path: str) -> str | None:
    """Return the policy in the settings file *path*, or None if it says nothing."""
    import json

    try:
        with open(path, "rb") as file:
            settings = json.loads(file.read(FILE_MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    said = settings.get(SETTING) if isinstance(settings, dict) else None
    if said is None:
        return None
    return said if isinstance(said, str) and said in POLICIES else "hold"


def inbound_policy(environ: Mapping[str, str], *, managed: str = _MANAGED) -> str | None:
    """Return ``accept``, ``hold`` or ``refuse`` as the settings say, or None if none says anything.

    Args:
        environ: Of a server of the session: ``CLAUDE_CONFIG_DIR``, ``HOME`` and
            ``CLAUDE_PROJECT_DIR`` say where the settings are.
        managed: The settings that an administrator made.
    """
    home = environ.get("HOME", "")
    user = environ.get("CLAUDE_CONFIG_DIR") or (os.path.join(home, ".claude") if home else "")
    project = environ.get("CLAUDE_PROJECT_DIR", "")
    policy = _said_by(managed) or (_said_by(os.path.join(user, "settings.json")) if user else None)
    if not project:
        return policy
    for name in ("settings.local.json", "settings.json"):
        said = _said_by(os.path.join(project, ".claude", name))
        if said and POLICIES.index(said) > POLICIES.index(policy or "accept"):
            policy = said
    return policy
