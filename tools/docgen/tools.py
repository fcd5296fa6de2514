"""The page about the tools: their texts, arguments and answers."""

from __future__ import annotations

import json

from docgen.examples import EXAMPLES
from docgen.text import Unexplained, head, table
from oxtail.server.catalog import TOOLS, Tool, text

_RULES = """
A tool answers with one text item that holds JSON, in which `schema_version` is 1.
Under that number members may be added, and are never removed or changed.
A failure has `ok: false` and a stable `error` ([errors](errors.md)); a malformed argument is named in `field`.
Arguments that a tool does not know are ignored, and null counts as left out.
"""

_WITHOUT_EXAMPLE = frozenset(("get_my_session",))
"""Its answer is the state of a live process: nothing that an example could show in full."""


_NOTES = {
    "send_message": (
        "A list of targets, or `all`, is answered with `ok` and `results`: a row for each with its "
        "`target` and `ok`, and either what a single send answers or `error` and `message`. "
        "`held: true` says that a person has to let the message through first "
        "([policies](../concepts.md#policies)). "
        "`damped` as `error` comes with `reason`, `limit` and `retry_after_s` "
        "([limits](../concepts.md#limits))."
    ),
}


def _type(schema: dict[str, object]) -> str:
    if isinstance(words := schema.get("enum"), list):
        return " or ".join(f"`{word}`" for word in words)
    kinds = schema["type"]
    return " or ".join(kinds) if isinstance(kinds, list) else str(kinds)


def _section(tool: Tool) -> str:
    listing = tool.listing()
    schema = listing["inputSchema"]
    required = schema.get("required", [])
    lines = [f"## {tool.name}\n", listing["description"] + "\n"]
    rows = [
        (
            f"`{name}`",
            _type(members),
            "yes" if name in required else "",
            members.get("description", ""),
        )
        for name, members in schema["properties"].items()
    ]
    if rows:
        lines.append(table(("argument", "type", "required", "note"), rows))
    if tool.name in _NOTES:
        lines.append(_NOTES[tool.name] + "\n")
    if tool.name in EXAMPLES:
        example = json.dumps(EXAMPLES[tool.name], indent=2, ensure_ascii=False)
        lines.append(f"An answer:\n\n```json\n{example}\n```\n")
    elif tool.name not in _WITHOUT_EXAMPLE:
        raise Unexplained(f"no example of {tool.name}")
    return "\n".join(lines)


def page() -> str:
    """Return ``tools.md``."""
    parts = [
        head("Tools", "src/oxtail/server/catalog.py"),
        _RULES,
        "\n## What an agent is told first\n",
        text("instructions") + "\n",
        *(_section(tool) for tool in TOOLS),
    ]
    return "\n".join(parts)
