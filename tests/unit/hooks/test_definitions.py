"""The hooks that each client gets."""

from __future__ import annotations

import json
import shlex

import pytest

from oxtail.core.hook import CLIENTS, RULES
from oxtail.hooks.definitions import EVENTS, definitions
from oxtail.server import catalog

SCRIPT = "/home/it's me/oxtail-hook.sh"


@pytest.mark.parametrize("client", CLIENTS)
def test_each_event_has_a_command_that_names_event_and_client(client: str) -> None:
    commands = [each for each in definitions(client, SCRIPT) if each.kind == "command"]

    assert [each.event for each in commands] == list(EVENTS)
    for each in commands:
        assert shlex.split(each.handler["command"]) == [SCRIPT, each.event, client]
        assert each.handler["type"] == "command"


@pytest.mark.parametrize("client", CLIENTS)
def test_each_delivering_event_that_is_installed_calls_the_server_too(client: str) -> None:
    calls = {each.event for each in definitions(client, SCRIPT) if each.kind == "mcp_tool"}

    assert {event for event in EVENTS if RULES[event].delivers} <= calls
    assert ("SessionStart" in calls) is (client == "codex")


@pytest.mark.parametrize("client", CLIENTS)
def test_a_call_hands_over_what_the_tool_takes_and_the_event_has(client: str) -> None:
    (tool,) = catalog.UNLISTED
    known = {field.name for field in tool.fields} | {"source"}
    for each in definitions(client, SCRIPT, "other-name"):
        if each.kind != "mcp_tool":
            continue
        given = dict(each.handler["input"])
        assert (each.handler["server"], each.handler["tool"]) == ("other-name", tool.name)
        assert (given.pop("event"), given.pop("client")) == (each.event, client)
        assert set(given) <= known
        assert given == {name: f"${{{name}}}" for name in given}
        # Codex drops a hook whose placeholder it cannot fill.
        assert ("stop_hook_active" in given) is (each.event == "Stop")
        assert ("agent_id" in given) is (client == "claude")


@pytest.mark.parametrize("client", CLIENTS)
def test_definitions_can_be_written_as_json(client: str) -> None:
    made = [each.handler for each in definitions(client, SCRIPT)]
    assert json.loads(json.dumps(made)) == made
