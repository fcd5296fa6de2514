"""Whatever hooks a person has: ours go in once and come out, and no other byte changes."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.depth import examples
from oxtail.core.json_edit import Editor
from oxtail.setup import hooks
from oxtail.setup.hook_groups import containers, drop_empty, merge
from oxtail.setup.world import CLAUDE

WANTED = hooks.wanted(CLAUDE, "/home/me/.oxtail/hooks/oxtail-hook.sh")

HANDLERS = st.fixed_dictionaries(
    {"type": st.sampled_from(["command", "http", "mcp_tool"]), "command": st.text(max_size=8)},
    optional={"timeout": st.integers(0, 99), "server": st.just("docs")},
)
GROUPS = st.fixed_dictionaries(
    {"hooks": st.lists(HANDLERS, max_size=3)},
    optional={"matcher": st.sampled_from(["", "*", "Edit|Write"])},
)
EVENTS = st.dictionaries(
    st.sampled_from([*WANTED, "Notification", "PreToolUse"]), st.lists(GROUPS, max_size=3)
)
SETTINGS = st.fixed_dictionaries({}, optional={"model": st.text(max_size=5), "hooks": EVENTS})


def ours_in(value: dict[str, Any]) -> int:
    handlers = [
        handler
        for groups in value["hooks"].values()
        for group in groups
        for handler in group["hooks"]
    ]
    return sum(
        handler.get("server") == "oxtail" or "oxtail-hook.sh" in handler.get("command", "")
        for handler in handlers
    )


@given(SETTINGS, st.sampled_from([None, 2, 4, "\t"]), st.booleans())
@settings(max_examples=examples(80), deadline=None)
def test_hooks_go_in_once_and_come_out_without_a_trace(
    value: dict[str, Any], indent: Any, crlf: bool
) -> None:
    text = json.dumps(value, indent=indent)
    text = text.replace("\n", "\r\n") if crlf else text
    editor = Editor(text, "settings.json")
    before = editor.text
    made = [path for path in containers(WANTED) if editor.find(path) is None]

    merge(editor, WANTED, takeover=True)
    once = editor.text
    assert ours_in(editor.value) == sum(len(one["hooks"]) for (one,) in WANTED.values())
    merge(editor, WANTED, takeover=True)
    assert editor.text == once
    merge(editor, {}, takeover=False)
    drop_empty(editor, made)
    assert editor.value == value
    if value:  # the blanks inside an object that was empty are ours to choose
        assert editor.text == before
