"""The official SDK, in both of its majors, and the inspector understand this server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.capabilities import needs, where
from helpers.fakes import ALICE, BOB
from helpers.wire import SRC, ServerProcess
from oxtail.server.catalog import TOOLS

HELPERS = Path(__file__).resolve().parents[1] / "helpers"
SERVE = [sys.executable, "-m", "oxtail", "serve"]
NAMES = [tool.name for tool in TOOLS]

MAJORS = [
    pytest.param("sdk1", marks=needs("sdk1")),
    pytest.param("sdk2", marks=needs("sdk2")),
]


def run(command: list[str], **options) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def environment(home: Path) -> dict[str, str]:
    return {"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(SRC)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sdk", "newest"),
    [
        pytest.param("sdk1", False, marks=needs("sdk1")),
        pytest.param("sdk2", False, marks=needs("sdk2")),
        pytest.param("sdk2", True, marks=needs("sdk2")),
    ],
)
def test_a_client_of_the_sdk_lists_and_calls_every_tool(sdk, newest, home):
    asked = {
        "command": SERVE,
        "env": environment(home),
        "cwd": str(home),
        "ids": [ALICE, BOB],
        "newest": newest,
    }
    driver = [str(where(sdk)), str(HELPERS / "sdk_drive.py"), json.dumps(asked)]
    found = json.loads(run(driver))

    assert found["version"] == "2025-11-25"
    assert found["tools"] == NAMES
    assert set(NAMES) <= set(found)
    assert "list_project_sessions" in found["instructions"]
    assert [found[name]["is_error"] for name in NAMES] == [False] * len(NAMES)
    assert found["register_my_session"]["entry"]["client"]["session_id"] == BOB
    rows = {row["client_session_id"]: row for row in found["list_project_sessions"]["sessions"]}
    assert rows[ALICE]["state"]["purpose"] == "testing"
    assert found["before"]["status"] in ("stored", "offered")
    assert [message["body"] for message in found["mail"]["messages"]] == ["hello \u2028 there"]
    assert found["after"]["status"] == "shown"
    assert found["ask_peer"]["reply"]["body"] == "indeed"
    assert found["reply_to_message"]["correlation"] == "correlated"
    assert (found["malformed"]["is_error"], found["malformed"]["field"]) == (True, "body")
    assert found["unknown"] == -32602


@pytest.fixture
def transcript(home) -> list[tuple[str, dict]]:
    """Every kind of message that the server emits, with the method that it answers."""
    said: list[tuple[str, dict]] = []
    with ServerProcess(home, env={"CLAUDECODE": "1", "CLAUDE_CODE_SESSION_ID": ALICE}) as server:

        def ask(method: str, **params: object) -> None:
            said.append((method, server.request(method, params)))

        for version in ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"):
            ask("initialize", protocolVersion=version, clientInfo={"name": "x", "version": "1"})
        server.notify("notifications/initialized")
        ask("ping")
        ask("tools/list")
        for tool in NAMES:
            ask("tools/call", name=tool, arguments={})
        lone = "lone \ud800, \x00, \u2028"
        ask("tools/call", name="set_my_state", arguments={"purpose": lone})
        for name in ("get_my_session", "list_project_sessions", "read_my_messages"):
            ask("tools/call", name=name, arguments={})
        ask("tools/call", name="send_message", arguments={"target": BOB, "body": lone})
        ask("server/discover")
        ask("tools/call", name="nope")
        assert server.end() == 0
    return said


@pytest.mark.slow
@pytest.mark.parametrize("sdk", MAJORS)
def test_the_types_of_the_sdk_know_everything_that_is_emitted(sdk, transcript):
    progress = {"progressToken": 1, "progress": 10}
    said = [
        *transcript,
        ("", {"jsonrpc": "2.0", "method": "notifications/progress", "params": progress}),
    ]
    lines = "".join(json.dumps(item) + "\n" for item in said)
    answers = run([str(where(sdk)), str(HELPERS / "sdk_parse.py")], input=lines).splitlines()
    assert answers == ["ok"] * len(said)


@pytest.mark.slow
@needs("inspector", "node")
def test_the_inspector_lists_and_calls(home):
    def inspect(*arguments: str) -> dict:
        command = [str(where("node")), str(where("inspector")), "--cli", *SERVE, *arguments]
        return json.loads(run(command, env=environment(home), cwd=home))

    listed = inspect("--method", "tools/list")
    assert [tool["name"] for tool in listed["tools"]] == NAMES
    for tool, argument in (
        ("read_my_messages", None),
        ("set_my_state", "purpose=testing"),
        ("send_message", None),
    ):
        extra = ("--tool-arg", argument) if argument else ()
        called = inspect("--method", "tools/call", "--tool-name", tool, *extra)
        assert called.get("isError", False) is (tool == "send_message")
        assert json.loads(called["content"][0]["text"])["schema_version"] == 1
