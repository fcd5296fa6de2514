"""What lets a person tell an agent to join: a command for Claude Code, a skill for Codex."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from oxtail.disk.foreign import check_writable, digest, read
from oxtail.setup.plan import Change, Plan
from oxtail.setup.world import CLAUDE, World

if TYPE_CHECKING:
    from oxtail.setup.record import Record

_HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "join")


def _sources(world: World, client: str) -> list[tuple[str, str]]:
    if client == CLAUDE:
        target = os.path.join(world.claude_home, "commands", "oxtail-join.md")
        return [("claude-command.md", target)]
    skill = os.path.join(world.codex_home, "skills", "oxtail-join")
    return [
        ("codex-skill.md", os.path.join(skill, "SKILL.md")),
        ("codex-openai.yaml", os.path.join(skill, "agents", "openai.yaml")),
    ]


def plan_join(world: World, client: str, record: Record) -> Plan:
    """Plan the files that *client* needs; one that somebody else put there stays.

    Raises:
        ConfigError: they cannot be written.
    """
    changes, remarks = [], []
    for name, target in _sources(world, client):
        with open(os.path.join(_HERE, name), "rb") as file:
            data = file.read()
        content = read(target)
        ours = content.data is None or digest(content.data) == record.owned.get(content.path)
        if not ours and content.data != data:
            remarks.append(f"{content.path} is there already and not from here, so it stays")
            continue
        change = Change(client, "join", content, data, f"installed {os.path.basename(target)}")
        if change.is_needed:
            check_writable(content)
        changes.append(change)
    return Plan(tuple(changes), tuple(remarks))
