"""The page about environment variables: the table of config, and the variables beside it."""

from __future__ import annotations

import ast
import re

from docgen.text import head, missing, modules, table
from oxtail.config import NUMBERS, WAKE_STRATEGIES

_OTHERS = {
    "OXTAIL_HOME": ("`~/.oxtail`", "the state folder"),
    "OXTAIL_FSYNC": ("on", "`off` skips the syncs: faster, and a power cut may lose mail"),
    "OXTAIL_SCOPE": (
        "`directory`",
        "`repository` makes all worktrees of one git repository one project",
    ),
    "OXTAIL_ASK_PEER_WAKE_STRATEGY": (
        "`auto`",
        f"how a peer is woken for mail: {', '.join(f'`{word}`' for word in WAKE_STRATEGIES)}",
    ),
    "OXTAIL_AUTOWAKE": ("on", "`off`: nothing wakes a peer unasked"),
    "OXTAIL_OXPIT_FLIP": (
        "on",
        "`off`: `oxtail dock` binds no key that leads to the strips, and takes its binding back",
    ),
    "OXTAIL_SELF_WAKE": (
        "on",
        "`off`: a server does not nudge its own session, and wakes nobody whom it waits for",
    ),
    "OXTAIL_PROJECT": (
        "the remote of the repository",
        "what the project of this session is called between hosts; the same on each",
    ),
    "OXTAIL_SESSION_ID": ("none", "who this program or command is"),
    "OXTAIL_NATS_URL": (
        "what `oxtail nats join` wrote",
        "the server that joins this host with others; several of a cluster with commas between",
    ),
    "OXTAIL_NAME": ("none", "a name by which peers may address this session"),
    "MCP_TRACE_FILE": ("none", "the file to which trace events are appended ([trace](trace.md))"),
}

_RULES = """
Settings are read once, when a process starts.
A number that is malformed, negative, or zero where zero has no meaning counts as unset, so that a typing error never stops mail.
"""

_VARIABLE = re.compile(r"(OXTAIL|MCP)_[A-Z_]*[A-Z]")


def _used() -> set[str]:
    return {
        node.value
        for _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _VARIABLE.fullmatch(node.value)
    }


def page() -> str:
    """Return ``settings.md``."""
    missing("the variable", _used(), {*_OTHERS, *(n.variable for n in NUMBERS.values())})
    header = ("variable", "default", "meaning")
    words = [(f"`{name}`", default, text) for name, (default, text) in _OTHERS.items()]
    numbers = [(f"`{n.variable}`", n.default, n.meaning) for n in NUMBERS.values()]
    return (
        head("Settings", "src/oxtail/config.py")
        + _RULES
        + "\n## Words and paths\n\n"
        + table(header, words)
        + "\n## Numbers\n\n"
        + table(header, numbers)
    )
