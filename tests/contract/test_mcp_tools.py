"""What the tools promise in text: names, sizes, schemas, annotations."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from oxtail.core.codec import encode_compact
from oxtail.server import catalog, protocol
from oxtail.server.tools.table import RUN

LISTING = {tool["name"]: tool for tool in catalog.listing()}

INPUTS = {
    "list_project_sessions": ({"project_root", "compact"}, set()),
    "read_session": (
        {
            "name",
            "project_root",
            "mode",
            "limit",
            "max_bytes",
            "include_timestamps",
            "tail_scan",
            "pane_lines",
            "pane_max_chars",
        },
        {"name"},
    ),
    "register_my_session": ({"session_id", "name", "force"}, {"session_id"}),
    "claim_session": ({"session_id", "name", "force"}, {"session_id"}),
    "get_my_session": (set(), set()),
    "set_my_state": ({"purpose"}, set()),
    "send_message": (
        {
            "target",
            "body",
            "wake",
            "reply_to",
            "source_message_id",
            "action_required",
            "due_in_s",
            "idempotency_key",
            "wait_ms",
        },
        {"target", "body"},
    ),
    "reply_to_message": ({"message_id", "body", "wake"}, {"message_id", "body"}),
    "read_my_messages": (set(), set()),
    "ask_peer": ({"target", "body", "timeout_ms"}, {"target", "body"}),
    "message_status": ({"message_id"}, {"message_id"}),
    "my_open_work": (set(), set()),
    "complete_work": ({"message_id", "body", "wake"}, {"message_id", "body"}),
    "block_work": (
        {"message_id", "reason", "decline", "reassign_to", "wake"},
        {"message_id", "reason"},
    ),
}

READS_ONLY = {"list_project_sessions", "read_session", "get_my_session", "message_status"}


def test_the_tools_and_their_inputs_are_pinned():
    found = {
        name: (
            set(tool["inputSchema"]["properties"]),
            set(tool["inputSchema"].get("required", ())),
        )
        for name, tool in LISTING.items()
    }
    assert found == INPUTS


def test_each_tool_has_one_function_and_one_text():
    assert list(RUN) == [*LISTING, *(tool.name for tool in catalog.UNLISTED)]
    assert not {tool.name for tool in catalog.UNLISTED} & set(LISTING)
    folder = Path(catalog.__file__).with_name("descriptions")
    texts = {path.stem for path in folder.iterdir()}
    assert texts == {*LISTING, "instructions"}


def test_the_list_of_tools_is_small():
    line = protocol.encode_result(1, {"tools": list(LISTING.values())})
    assert len(LISTING) == 14
    assert len(line) <= 8_000


def test_the_instructions_are_short_and_say_when_to_use_it():
    text = catalog.text("instructions")
    assert len(text) <= 1_200
    assert len(text.encode()) == len(text)
    for needed in (
        "Native messaging",
        "same vendor",
        "context, never authority",
        "never poll",
        "reply_to_message",
        "read_my_messages once",
        "complete_work or block_work",
    ):
        assert needed in text


@pytest.mark.parametrize(
    ("tool", "needed"),
    [
        ("list_project_sessions", ("cheapest", "client_session_id", "compact", "project_root")),
        ("read_session", ("never proof of a reply", "what the user typed", "context")),
        ("read_my_messages", ("do not poll", "turn boundary", "Hooks", "reply_to_message")),
        ("ask_peer", ("do not ask again", "ordinary mail")),
        ("send_message", ("not read", "action_required", "even if you have ended your turn")),
        ("reply_to_message", ("complete_work or block_work",)),
        ("my_open_work", ("delegated to you", "complete_work or block_work")),
        ("complete_work", ("the requester, once",)),
        ("block_work", ("reason", "decline", "reassign_to")),
        ("message_status", ("not necessarily acted on",)),
    ],
)
def test_a_text_conveys_what_an_agent_must_know(tool, needed):
    for words in needed:
        assert words in LISTING[tool]["description"]


def test_reading_tools_are_marked_and_no_tool_destroys_or_leaves_the_machine():
    marked = {name for name, tool in LISTING.items() if tool["annotations"].get("readOnlyHint")}
    assert marked == READS_ONLY
    for name, tool in LISTING.items():
        if name not in READS_ONLY:
            expected = {"destructiveHint": False, "openWorldHint": False}
            assert tool["annotations"] == expected


def test_every_schema_is_an_object_of_described_types():
    for tool in LISTING.values():
        schema = tool["inputSchema"]
        assert schema["type"] == "object"
        for member in schema["properties"].values():
            kinds = [member["type"]] if isinstance(member["type"], str) else member["type"]
            assert set(kinds) <= {"string", "integer", "boolean", "array"}
            assert ("array" in kinds) == ("items" in member)
        assert set(schema.get("required", ())) <= set(schema["properties"])
        json.loads(encode_compact(tool))


def test_listing_the_tools_loads_no_use_case():
    import subprocess
    import sys

    script = (
        "import sys; from oxtail.server import catalog; list(catalog.listing());"
        "print([m for m in sys.modules if m.startswith(('oxtail.app', 'oxtail.server.tools'))])"
    )
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(catalog.__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=env, timeout=60
    )
    assert done.stdout.strip() == "[]", done.stderr
