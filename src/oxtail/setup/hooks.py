"""The hooks that a client shall have, and their script, as they are to be written."""

from __future__ import annotations

import json
from typing import Any

from oxtail.hooks import script
from oxtail.hooks.definitions import definitions


def wanted(client: str, path: str) -> dict[str, list[dict[str, Any]]]:
    """Return the groups that *client* shall have for each event; *path* is the script's.

    The handlers of an event stand in one group, in the order of their definition.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for hook in definitions(client, path):
        (group,) = groups.setdefault(hook.event, [{"hooks": []}])
        group["hooks"].append(json.loads(json.dumps(dict(hook.handler))))
    return groups


def script_bytes() -> bytes:
    """Return the script for this interpreter and this package."""
    return script.render().encode()
