"""The page about trace events: every event that the code can write, with its members."""

from __future__ import annotations

import ast

from docgen.events import EVENTS
from docgen.text import head, missing, modules, table

_RULES = """
Set `MCP_TRACE_FILE` to a path, and every oxtail process that sees the variable appends one JSON line per event:

```json
{"ts":"2026-01-02T03:04:05.678Z","server_pid":4711,"event":"wake_outcome","via":"send_message","wake_status":"fired"}
```

`ts` is the time in UTC and `server_pid` the process.
A trace that cannot be written is dropped; it never fails the work.
"""


_EVENT_ARGUMENT = {"trace": 0, "_trace": 0, "holding": 1, "traced": 1}
"""Functions that are given an event, and where; the last two trace it when something goes wrong."""


def _event_argument(call: ast.Call) -> ast.expr | None:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    place = _EVENT_ARGUMENT.get(name)
    return call.args[place] if place is not None and place < len(call.args) else None


def _names(node: ast.expr | None) -> list[str]:
    """Return the event names that an argument may be: a text, or a choice of two."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return _names(node.body) + _names(node.orelse)
    return []


def _events() -> dict[str, dict[str, None]]:
    found: dict[str, dict[str, None]] = {}
    for _, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                for event in _names(_event_argument(node)):
                    members = found.setdefault(event, {})
                    members.update((word.arg, None) for word in node.keywords if word.arg)
    return found


def page() -> str:
    """Return ``trace.md``."""
    events = _events()
    missing("the event", events, EVENTS)
    rows = [
        (f"`{name}`", EVENTS[name], ", ".join(f"`{member}`" for member in members) or "none")
        for name, members in sorted(events.items())
    ]
    return (
        head("Trace", "the calls of trace() below src/oxtail")
        + _RULES
        + "\n"
        + table(("event", "what happened", "members"), rows)
    )
