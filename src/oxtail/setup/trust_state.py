"""What ``config.toml`` says of the trust in our Codex hooks; reads files only.

Codex alone can compute the hash of a hook.  Setup keeps the hashes that it had trusted; one that
the user gave trust to is believed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from oxtail.core.value import Value
from oxtail.disk.foreign import read
from oxtail.setup import toml_edit
from oxtail.setup.codex import STATE, open_hooks
from oxtail.setup.ownership import Owner, owner_of_hook

if TYPE_CHECKING:
    from oxtail.setup.record import Record
    from oxtail.setup.world import World

_WORD: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


class State(Value):
    """How many hooks of ours Codex runs, and how many not, by reason."""

    trusted: int = 0
    untrusted: int = 0
    disabled: int = 0


def _places(world: World) -> list[str]:
    """Return where our hooks stand, as Codex's keys end: ``event:group:handler``."""
    editor = open_hooks(read(world.codex_hooks))
    events = editor.expect(("hooks",), "object")
    found = []
    for event in events.members if events else ():
        for number, group in enumerate(event.node.items):
            handlers = group.get("hooks")
            for place, handler in enumerate(handlers.items if handlers else ()):
                if owner_of_hook(handler.value) is Owner.OURS:
                    name = _WORD.sub("_", event.name).lower()
                    found.append(f"{name}:{number}:{place}")
    return found


def _states(world: World) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Return what is kept about the hooks of our file, by place, with Codex's key."""
    content = read(world.codex_config)
    text = toml_edit.read_text(content.data, content.path)
    kept = toml_edit.find(toml_edit.parse(text, content.path), STATE)
    ours = os.path.realpath(world.codex_hooks)
    found = {}
    for key, state in kept.items() if isinstance(kept, Mapping) else ():
        path, _, place = key.partition(".json:")
        if os.path.realpath(f"{path}.json") == ours and isinstance(state, Mapping):
            found[place] = (key, state)
    return found


def look(world: World, record: Record) -> State:
    """Return the state of the trust in our hooks.

    Raises:
        ConfigError: a file of Codex cannot be read.
    """
    trusted = untrusted = disabled = 0
    states = _states(world)
    for place in _places(world):
        key, state = states.get(place, ("", {}))
        hashed = state.get("trusted_hash")
        if not hashed or hashed != record.trusted.get(key, hashed):
            untrusted += 1
        elif state.get("enabled") is False:
            disabled += 1
        else:
            trusted += 1
    return State(trusted, untrusted, disabled)
