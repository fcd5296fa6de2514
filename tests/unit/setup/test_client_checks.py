"""Doctor: why a client or a session would be deaf, each with what mends it."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest

from helpers.clients_home import CLAUDE_JSON, CONFIG, HOOKS, SETTINGS, furnish, snapshot
from oxtail.cli.main import main
from oxtail.cli.setup import world_here
from oxtail.core.codec import encode_pretty
from oxtail.core.entry import OURS, Client, Entry
from oxtail.setup import checks, session_checks
from oxtail.setup.programs import Answer, ask
from oxtail.store.files.findings import NOTE, WRONG

if TYPE_CHECKING:
    from pathlib import Path

SESSION = "11111111-1111-4111-8111-111111111111"


@pytest.fixture(autouse=True)
def set_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both clients are set up; Codex has been told to trust the hooks."""
    (home / ".local").mkdir()
    monkeypatch.setenv("PATH", str(home / ".local"))
    monkeypatch.chdir(home)
    # A real start takes most of the time of these tests; one of them has it.
    monkeypatch.setattr(
        checks, "ask", lambda words, *_: Answer(0 if os.access(words[0], os.X_OK) else None, "")
    )
    furnish(home, "nothing there")
    assert main(["setup", "--json"]) == 1
    places = [
        f"{name}:0:{place}"
        for name, count in (
            ("session_start", 2),
            ("user_prompt_submit", 2),
            ("post_tool_use", 2),
            ("stop", 2),
            ("session_end", 1),
        )
        for place in range(count)
    ]
    with (home / CONFIG).open("a") as config:
        for place in places:
            config.write(f'[hooks.state."{home / HOOKS}:{place}"]\ntrusted_hash = "x"\n')


def found() -> set[tuple[str, str]]:
    findings = checks.examine(world_here())
    assert all(finding.remedy for finding in findings)
    return {(finding.check, finding.level) for finding in findings}


def edit(path: Path, change: Any) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value, indent=2))


def test_nothing_is_found_where_all_is_well(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "ask", ask)
    before = snapshot(home)

    assert found() == set()
    assert snapshot(home) == before


def test_a_client_that_is_not_set_up_is_a_note_where_the_other_is(home: Path) -> None:
    main(["uninstall", "--client", "codex", "--json"])
    assert found() == {("codex-setup", NOTE)}
    main(["uninstall", "--json"])
    assert found() == {("codex-setup", WRONG), ("claude-setup", WRONG)}


def test_a_command_that_fails_is_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "ask", ask)
    program = home / "oxtail"
    program.write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
    program.chmod(0o755)
    edit(
        home / CLAUDE_JSON, lambda value: value["mcpServers"]["oxtail"].update(command=str(program))
    )

    (finding,) = checks.examine(world_here())
    assert finding.check == "claude-server"
    assert "broken" in finding.problem


@pytest.mark.parametrize(
    ("change", "level"),
    [
        (lambda value: value["mcpServers"].pop("oxtail"), WRONG),
        (lambda value: value["mcpServers"]["oxtail"].update(command="/gone/oxtail"), WRONG),
        (lambda value: value["mcpServers"]["oxtail"].update(command="other"), WRONG),
        (lambda value: value["mcpServers"].update(oxtail=[]), WRONG),
        (lambda value: value["mcpServers"]["oxtail"].update(command="npx", args=["oxtail"]), NOTE),
    ],
)
def test_a_server_that_would_not_start_is_found(home: Path, change: Any, level: str) -> None:
    edit(home / CLAUDE_JSON, change)

    assert found() == {("claude-server", level)}


def test_a_server_that_is_switched_off_is_found(home: Path) -> None:
    config = home / CONFIG
    config.write_text(config.read_text().replace("args =", "enabled = false\nargs ="))

    assert found() == {("codex-server", WRONG)}


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value["hooks"].pop("Stop"),
        lambda value: value["hooks"]["Stop"][0]["hooks"].pop(),
        lambda value: value["hooks"]["Stop"][0]["hooks"][0].update(timeout=1),
        lambda value: value["hooks"]["Stop"][0].update(matcher="x"),
        lambda value: value.update(disableAllHooks=True),
    ],
)
def test_hooks_that_are_missing_stale_or_off_are_found(home: Path, change: Any) -> None:
    edit(home / SETTINGS, change)

    assert found() == {("claude-hooks", WRONG)}


def test_comments_that_keep_claude_code_from_reading_its_settings_are_found(home: Path) -> None:
    path = home / SETTINGS
    path.write_text("// mine\n" + path.read_text())

    assert found() == {("claude-hooks", WRONG)}


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.unlink(),
        lambda path: path.chmod(0o600),
        lambda path: path.write_text(path.read_text() + "\n# mine\n"),
        lambda path: path.write_text(path.read_text()[:200]),
        lambda path: path.write_text("PYTHON=/gone/python\n"),
    ],
)
def test_a_hook_script_that_is_not_as_it_was_written_is_found(home: Path, change: Any) -> None:
    change(home / ".oxtail" / "hooks" / "oxtail-hook.sh")

    assert found() == {("hook-script", WRONG)}
    main(["setup", "--json"])
    assert found() == set()


@pytest.mark.parametrize("policy", ["hold", "refuse", "typo", 1])
@pytest.mark.parametrize("place", [SETTINGS, ".claude/settings.local.json"])
def test_a_policy_that_keeps_messages_out_is_found(home: Path, place: str, policy: Any) -> None:
    path = home / place
    if not path.exists():
        path.write_text("{}")
    edit(path, lambda value: value.update(crossSessionInbound=policy))
    assert found() == {("claude-inbound", WRONG)}
    edit(path, lambda value: value.update(crossSessionInbound="accept"))
    assert found() == set()


def test_hooks_that_codex_does_not_trust_or_has_switched_off_are_found(home: Path) -> None:
    config = home / CONFIG
    text = config.read_text()
    config.write_text(text.replace('stop:0:1"]\ntrusted_hash = "x"', 'stop:0:1"]\nenabled = true'))
    assert found() == {("codex-trust", WRONG)}
    config.write_text(text.replace('stop:0:1"]', 'stop:0:1"]\nenabled = false'))
    assert found() == {("codex-trust", WRONG)}
    config.write_text("features.hooks = false\n" + text)
    assert found() == {("codex-hooks", WRONG)}


@pytest.mark.parametrize("mode", ["read-only", "workspace-write"])
def test_a_sandbox_without_the_state_folder_is_a_note(home: Path, mode: str) -> None:
    config = home / CONFIG
    text = f'sandbox_mode = "{mode}"\n' + config.read_text()
    config.write_text(text)
    assert found() == {("codex-sandbox", NOTE)}
    config.write_text(text + f'[sandbox_workspace_write]\nwritable_roots = ["{home}/.oxtail"]\n')
    assert (("codex-sandbox", NOTE) in found()) is (mode == "read-only")


@pytest.mark.parametrize(
    ("place", "check"),
    [
        (SETTINGS, "claude-file"),
        (CLAUDE_JSON, "claude-file"),
        (CONFIG, "codex-file"),
        (HOOKS, "codex-file"),
    ],
)
def test_a_malformed_file_is_found(home: Path, place: str, check: str) -> None:
    (home / place).write_text("{")

    assert found() == {(check, WRONG)}


def entry(home: Path, kind: str, session_id: str | None) -> None:
    folder = home / ".oxtail" / "sessions"
    folder.mkdir(mode=0o700, exist_ok=True)
    made = Entry(4242, 1, Client(kind, session_id, None, "env", "/p"), capabilities=OURS)
    (folder / "4242.json").write_bytes(encode_pretty(made.as_dict()))


def sessions(home: Path, expects_server: bool = True) -> set[tuple[str, str]]:
    findings = session_checks.examine(
        world_here(), lambda _: True, lambda pid: pid == 77, expects_server, expects_server
    )
    assert all(finding.remedy for finding in findings)
    return {(finding.check, finding.level) for finding in findings}


def claude_session(home: Path, pid: int, **members: Any) -> None:
    folder = home / ".claude" / "sessions"
    folder.mkdir(exist_ok=True)
    value = {"pid": pid, "sessionId": SESSION, "cwd": "/p", **members}
    (folder / f"{pid}.json").write_text(json.dumps(value))


def test_a_running_session_whose_server_is_gone_is_found(home: Path) -> None:
    claude_session(home, 77)
    assert sessions(home) == {("session-server", WRONG)}
    assert sessions(home, expects_server=False) == set()
    claude_session(home, 78)
    (home / ".claude" / "sessions" / "77.json").unlink()
    assert sessions(home) == set()


def codex_session(home: Path, pid: int, **members: Any) -> None:
    path = str(home / ".codex" / "sessions" / "rollout.jsonl")
    payload = {"session_id": SESSION, "transcript_path": path, "cwd": "/p", **members}
    for name, text in (
        ("session-starts", json.dumps({"ppid": pid, "payload": payload})),
        ("activity", "idle"),
    ):
        folder = home / ".oxtail" / name
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / SESSION).write_text(text)


def test_a_codex_session_whose_server_is_gone_is_found(home: Path) -> None:
    codex_session(home, 77)
    assert sessions(home) == {("session-server", WRONG)}
    assert sessions(home, expects_server=False) == set()
    entry(home, "codex", SESSION)
    assert sessions(home) == set()


def test_a_codex_session_that_ended_or_is_none_is_passed_over(home: Path) -> None:
    codex_session(home, 78)
    assert sessions(home) == set()
    codex_session(home, 77, transcript_path="/elsewhere/rollout.jsonl")
    assert sessions(home) == set()
    codex_session(home, 77, session_id=["x"])
    assert sessions(home) == set()
    codex_session(home, 77)
    (home / ".oxtail" / "activity" / SESSION).unlink()
    assert sessions(home) == set()


def test_a_session_without_an_inbox_socket_is_found(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry(home, "claude-code", SESSION)
    claude_session(home, 77)
    assert sessions(home) == {("session-inbox", WRONG)}
    claude_session(home, 77, messagingSocketPath=str(home / "gone.sock"))
    assert sessions(home) == {("session-inbox", WRONG)}
    monkeypatch.chdir(home)
    with socket.socket(socket.AF_UNIX) as inbox:
        inbox.bind("inbox.sock")  # a short name: the path of a test's home is too long for one
        claude_session(home, 77, messagingSocketPath="inbox.sock")
        assert sessions(home) == set()
    os.unlink("inbox.sock")


def test_a_codex_session_that_has_not_said_who_it_is_is_a_note(home: Path) -> None:
    entry(home, "codex", None)
    assert sessions(home) == {("session-id", NOTE)}
    entry(home, "codex", SESSION)
    assert sessions(home) == set()


def test_records_that_are_no_sessions_are_passed_over(home: Path) -> None:
    entry(home, "codex", SESSION)
    (home / ".oxtail" / "sessions" / "5.json").write_text("null")
    folder = home / ".claude" / "sessions"
    folder.mkdir()
    for name, text in (("77.json", "[]"), ("x.json", "{}"), ("77.json.tmp", "{")):
        (folder / name).write_text(text)

    assert sessions(home) == set()


def test_the_command_exits_with_1_where_a_client_is_deaf(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / SETTINGS).unlink()
    capsys.readouterr()

    assert main(["doctor", "--json"]) == 1
    result = json.loads(capsys.readouterr().out)["result"]
    assert "claude-hooks" in [finding["check"] for finding in result["findings"]]
