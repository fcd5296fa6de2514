"""The JSON form of the command line: members may be added, none may go or change its meaning."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from helpers.command import python_peer
from oxtail import __version__
from oxtail.cli.main import main
from oxtail.core.names import hash32

ME = "aaaaaaaa-0000-4000-8000-000000000001"
PEER = "bbbbbbbb-0000-4000-8000-000000000002"
OTHER = "cccccccc-0000-4000-8000-000000000003"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "project"
    (path / ".git").mkdir(parents=True)
    monkeypatch.chdir(path)
    return path


class Command:
    """Runs the command in this process and reads its one line."""

    def __init__(self, capture: pytest.CaptureFixture[bytes]) -> None:
        self._capture = capture

    def __call__(self, *words: str, status: int = 0) -> dict[str, Any]:
        assert main([words[0], "--json", *words[1:]]) == status
        out, err = self._capture.readouterr()
        assert err == b""
        assert out.count(b"\n") == 1
        line: dict[str, Any] = json.loads(out)
        assert list(line)[:3] == ["oxtail", "command", "ok"]
        assert (line["oxtail"], line["command"]) == (1, words[0])
        return line

    def result(self, *words: str, status: int = 0) -> dict[str, Any]:
        line = self(*words, status=status)
        assert list(line) == ["oxtail", "command", "ok", "result"]
        assert line["ok"] is True
        result: dict[str, Any] = line["result"]
        return result

    def error(self, *words: str, status: int) -> dict[str, Any]:
        line = self(*words, status=status)
        assert list(line) == ["oxtail", "command", "ok", "error"]
        assert line["ok"] is False
        error: dict[str, Any] = line["error"]
        assert list(error)[:2] == ["code", "message"]
        return error


@pytest.fixture
def command(capsysbinary: pytest.CaptureFixture[bytes]) -> Command:
    return Command(capsysbinary)


def has(members: dict[str, Any], names: Sequence[str]) -> bool:
    return list(members)[: len(names)] == list(names)


def test_version_and_help(command: Command) -> None:
    assert command.result("--version") == {"version": __version__}
    assert set(command.result("--help")) == {"verbs", "exit_statuses"}


def test_mail_between_two_sessions(command: Command) -> None:
    empty = command.result("inbox", "--as", PEER)
    assert empty == {
        "schema_version": 1,
        "ok": True,
        "drained": True,
        "count": 0,
        "messages": [],
    }

    sent = command.result("send", "--as", ME, PEER, "hello", "there")
    assert has(
        sent,
        ["schema_version", "ok", "message_id", "target_session_id", "target_server_pid", "stored"],
    )
    assert (sent["target_session_id"], sent["target_server_pid"]) == (PEER, None)

    waiting = command.result("status", sent["message_id"])
    assert list(waiting) == ["schema_version", "ok", "message_id", "status", "evidence", "waiting"]
    assert (waiting["status"], waiting["waiting"]) == ("stored", True)
    (stored,) = waiting["evidence"]
    assert list(stored) == ["stage", "at", "target_session_id", "target_server_pid"]

    kept = command.result("inbox", "--as", PEER, "--keep")
    assert (kept["drained"], kept["count"]) == (False, 1)

    inbox = command.result("inbox", "--as", PEER)
    (message,) = inbox["messages"]
    assert inbox["drained"] is True
    assert has(
        message,
        ["schema_version", "id", "body", "enqueued_at", "body_bytes", "origin", "from_session_id"],
    )
    assert (message["id"], message["body"], message["from_session_id"]) == (
        sent["message_id"],
        "hello there",
        ME,
    )

    shown = command.result("status", sent["message_id"])
    assert list(shown) == ["schema_version", "ok", "message_id", "status", "evidence"]
    assert shown["status"] == "shown"
    assert [proof["stage"] for proof in shown["evidence"]] == ["stored", "shown"]
    receipt = shown["evidence"][-1]
    assert list(receipt) == ["stage", "at", "via", "recipient_session_id"]
    assert (receipt["via"], receipt["recipient_session_id"]) == ("cli", PEER)

    reply = command.result("reply", "--as", PEER, message["id"], "hello yourself")
    assert reply["in_reply_to_message_id"] == message["id"]
    assert reply["correlation"] == "uncorrelated"
    assert command.result("inbox", "--as", ME)["messages"][0]["source_message_id"] == message["id"]
    answered = command.result("status", sent["message_id"])["evidence"][-1]
    assert list(answered) == ["stage", "at", "message_id"]
    assert (answered["stage"], answered["message_id"]) == ("answered", reply["message_id"])


def test_a_send_that_waits_says_how_far_the_message_came(command: Command) -> None:
    command.result("inbox", "--as", PEER)
    sent = command.result("send", "--as", ME, PEER, "hello", "--wait", "shown:0.05", status=4)

    receipt = sent["receipt"]
    assert list(receipt) == ["status", "evidence", "waiting", "timed_out"]
    assert (receipt["status"], receipt["waiting"], receipt["timed_out"]) == ("stored", True, True)

    with python_peer("receiver", "cccccccc-0000-4000-8000-000000000003"):
        sent = command.result("send", "--as", ME, "receiver", "hello", "--wait=shown:60")
    assert sent["receipt"]["timed_out"] is False
    assert [proof["stage"] for proof in sent["receipt"]["evidence"]][:2] == ["stored", "shown"]


def test_work_between_sessions(command: Command) -> None:
    other = "cccccccc-0000-4000-8000-000000000003"
    for session_id in (ME, PEER, other):
        command.result("inbox", "--as", session_id)
    options = ("--action-required", "--due", "2h", "--idempotency-key", "job")
    sent = command.result("send", "--as", ME, PEER, "please", "do", *options)
    again = command.result("send", "--as", ME, PEER, "please", "do", *options)
    assert {"action_required", "obligation_durable", "deadline"} <= set(sent)
    assert (sent["obligation_durable"], again["repeated"]) == (True, True)
    assert sent["message_id"] == again["message_id"]

    owed = command.result("work", "--as", PEER)
    assert list(owed) == ["schema_version", "ok", "session_id", "count", "open", "waits", "notices"]
    (item,) = owed["open"]
    assert list(item) == [
        "message_id",
        "from_session_id",
        "request_id",
        "body",
        "enqueued_at",
        "age_seconds",
        "deadline",
        "overdue",
        "state",
        "required_action",
    ]
    assert command.result("inbox", "--as", PEER)["open_work_count"] == 1
    (wait,) = command.result("work", "--as", ME)["waits"]
    assert (wait["message_id"], wait["to_session_id"], wait["kind"]) == (
        sent["message_id"],
        PEER,
        "work",
    )
    everybody = command.result("work")
    assert list(everybody) == ["schema_version", "ok", "session_id", "waits", "notices"]
    assert everybody["waits"] == [wait]
    assert command.result("work", "--graph")["counts"]["waits"] == 1

    handed = command.result("reassign", "--as", PEER, item["message_id"], other, "no", "time")
    assert has(
        handed,
        [
            "schema_version",
            "ok",
            "message_id",
            "obligation_state",
            "requester_session_id",
            "reassigned_to",
            "reassigned_message_id",
        ],
    )
    work = handed["reassigned_message_id"]
    standing = command.result("status", sent["message_id"])["work"]
    assert list(standing) == ["state", "owed_by", "message_id", "deadline", "overdue"]
    assert (standing["owed_by"], standing["message_id"]) == (other, work)
    done = command.result("complete", "--as", other, work, "42")
    assert has(
        done,
        [
            "schema_version",
            "ok",
            "message_id",
            "obligation_state",
            "completion_message_id",
            "requester_session_id",
            "correlation",
        ],
    )
    assert (done["obligation_state"], done["correlation"]) == ("done", "correlated")
    for verb in ("complete", "block", "decline"):
        closed = command.result(verb, "--as", other, work, "again")
        assert (closed["already_closed"], closed["obligation_state"]) == (True, "done")
    bodies = [m["body"] for m in command.result("inbox", "--as", ME)["messages"]]
    assert bodies == [f"[reassigned] to {other}: no time", "42"]


@pytest.mark.parametrize(("verb", "state"), [("block", "blocked"), ("decline", "declined")])
def test_work_that_is_not_done(command: Command, verb: str, state: str) -> None:
    for session_id in (ME, PEER):
        command.result("inbox", "--as", session_id)
    sent = command.result("send", "--as", ME, PEER, "please", "--action-required")

    closed = command.result(verb, "--as", PEER, sent["message_id"], "no", "key")

    assert closed["obligation_state"] == state
    (message,) = command.result("inbox", "--as", ME)["messages"]
    assert message["body"] == f"[{state}] no key"


def test_peers_flat_and_compact(command: Command, project: Path) -> None:
    with python_peer("receiver", PEER, "waits"):
        flat = command.result("peers")
        compact = command.result("peers", "--compact")

    assert list(flat) == ["schema_version", "project_root", "inferred", "sessions", "error"]
    assert flat["project_root"] == str(project)
    (row,) = flat["sessions"]
    assert {
        "name",
        "path",
        "attached",
        "created_at",
        "windows",
        "client_type",
        "client_session_id",
        "state",
        "peer_name",
        "presence",
    } <= set(row)
    assert (row["peer_name"], row["client_session_id"]) == ("receiver", PEER)
    assert row["state"]["purpose"] == "waits"
    (group,) = compact["tmux_sessions"]
    assert group["agents"][0]["client_session_id"] == PEER


def test_an_answer_and_its_absence(command: Command) -> None:
    with python_peer("receiver", PEER):
        answered = command.result("ask", "--as", ME, "receiver", "why?")
        silent = command.result(
            "ask", "--as", ME, "receiver", "silence", "--timeout", "0.1", status=4
        )
        unread = command.error("read", "receiver", status=3)

    members = [
        "schema_version",
        "ok",
        "message_id",
        "request_id",
        "wake_status",
        "reply",
        "correlation",
        "timeout_ms",
        "timed_out",
    ]
    assert list(answered) == list(silent) == members
    assert answered["reply"]["body"] == "answer to why?"
    assert (answered["timed_out"], answered["correlation"]) == (False, "correlated")
    assert (silent["reply"], silent["timed_out"], silent["timeout_ms"]) == (None, True, 100)
    assert unread["code"] == "session-unreadable"


def test_doctor(command: Command, home: Path) -> None:
    assert command.result("doctor")["healthy"] is True
    (home / ".oxtail").mkdir(mode=0o755)
    (home / ".oxtail").chmod(0o755)

    sick = command.result("doctor", status=1)
    assert set(sick) == {"healthy", "state_folder", "python", "findings"}
    assert sick["healthy"] is False
    assert [set(finding) for finding in sick["findings"]][-1] == {
        "check",
        "level",
        "problem",
        "remedy",
        "path",
    }


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["nonsense"], 2, "usage-error"),
        (["send", "nobody"], 2, "usage-error"),
        (["send", "nobody", ""], 2, "bad-argument"),
        (["send", "nobody", "x" * 8193], 2, "bad-argument"),
        (["send", "nobody", "hello"], 3, "target-not-found"),
        (["ask", "--as", ME, "nobody", "hello"], 3, "target-not-found"),
        (["ask", "nobody", "hello"], 3, "no-session-id"),
        (["inbox"], 3, "no-session-id"),
        (["inbox", "--as", "a\nb"], 2, "bad-argument"),
        (["reply", "0f3c9a1be2d47758", "hello"], 3, "no-session-id"),
        (["reply", "--as", ME, "0f3c9a1be2d47758", "hello"], 3, "message-not-found"),
        (["read", "nobody"], 3, "target-not-found"),
        (["status", "nonsense"], 2, "bad-argument"),
        (["complete", "0f3c9a1be2d47758", "done"], 3, "no-session-id"),
        (["complete", "--as", ME, "0f3c9a1be2d47758", "done"], 3, "message-not-found"),
        (["block", "--as", ME, "0f3c9a1be2d47758", "x" * 8190], 2, "bad-argument"),
        (["decline", "--as", ME, "0f3c9a1be2d47758", ""], 2, "bad-argument"),
        (["reassign", "--as", ME, "0f3c9a1be2d47758", "nobody", "x"], 3, "target-not-found"),
        (["send", "nobody", "x", "--action-required", "--due", "soon"], 2, "bad-argument"),
        (["send", "nobody", "x", "--action-required", "--due", "2020-01-01"], 2, "bad-argument"),
        (["send", "nobody", "x", "--idempotency-key", "k"], 3, "no-session-id"),
        (["work", "surplus"], 2, "usage-error"),
    ],
)
def test_errors(command: Command, words: list[str], status: int, code: str) -> None:
    assert command.error(*words, status=status)["code"] == code


def test_taking_over_what_another_session_has_left(command: Command) -> None:
    command.result("inbox", "--as", PEER)
    command.result("send", "--as", ME, PEER, "hello")

    adopted = command.result("inbox", "--as", ME, "--adopt", PEER)

    assert list(adopted) == [
        "schema_version",
        "ok",
        "session_id",
        "adopted",
        "moved",
        "open_work",
        "asks",
    ]
    assert (adopted["session_id"], adopted["adopted"], adopted["moved"]) == (ME, PEER, 1)
    error = command.error("inbox", "--as", OTHER, "--adopt", PEER, status=3)
    assert (error["code"], error["heir"]) == ("has-heir", ME)


def test_a_box_that_is_full(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OXTAIL_STORED_MAX_MESSAGES", "1")
    command.result("inbox", "--as", PEER)
    command.result("send", "--as", ME, PEER, "hello")

    error = command.error("send", "--as", ME, PEER, "one too many", status=3)

    assert list(error) == ["code", "message", "target_session_id", "waiting", "bytes"]
    assert (error["code"], error["waiting"]) == ("mailbox-full", 1)


def test_a_state_folder_that_cannot_be_used(command: Command, home: Path) -> None:
    (home / ".oxtail").write_text("in the way")

    assert command.error("inbox", "--as", ME, status=5)["code"] == "store-error"


def test_diagnose(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command.result("diagnose") == {"trace_file": None}

    trace = tmp_path / "trace.jsonl"
    monkeypatch.setenv("MCP_TRACE_FILE", str(trace))
    assert set(command.result("diagnose", status=1)) == {"trace_file", "problem"}

    outcome = '{"event":"wake_outcome","wake_status":"%s","via":"ask_peer"}\n'
    trace.write_text(outcome % "fired" + "torn", encoding="utf-8")
    Path(f"{trace}.1").write_text(outcome % "disabled", encoding="utf-8")
    found = command.result("diagnose")
    assert list(found) == ["trace_file", "counted", "total", "by_status", "by_via"]
    assert found["by_status"] == {"disabled": 1, "fired": 1}
    assert found["by_via"] == {"ask_peer": {"disabled": 1, "fired": 1}}


def test_the_wait_graph(command: Command) -> None:
    empty = command.result("work", "--graph")
    assert list(empty) == [
        "schema_version",
        "ok",
        "project_root",
        "at",
        "sessions",
        "waits",
        "circles",
        "counts",
        "truncated",
    ]
    assert (empty["waits"], empty["counts"]["waits"]) == ([], 0)

    command.result("inbox", "--as", PEER)
    sent = command.result("send", "--as", ME, PEER, "do it", "--action-required")
    found = command.result("work", "--graph")
    (wait,) = found["waits"]
    assert set(wait) == {
        "from_session_id",
        "to_session_id",
        "kind",
        "stage",
        "request_id",
        "message_id",
        "since",
        "age_seconds",
        "deadline",
        "overdue",
        "attempts",
        "orphaned",
    }
    assert (wait["from_session_id"], wait["to_session_id"]) == (ME, PEER)
    assert (wait["kind"], wait["stage"], wait["orphaned"]) == ("work", "open", "target_away")
    assert wait["message_id"] == sent["message_id"]
    assert [set(each) for each in found["sessions"]] == [
        {"session_id", "short_id", "name", "standing", "deadlocked"}
    ] * 2
    assert set(found["counts"]) == {"waits", "deadlocks", "orphaned", "overdue", "held"}
    assert command.result("work", "--graph", "--all")["project_root"] is None


def test_log_and_search(command: Command, project: Path) -> None:
    command.result("inbox", "--as", PEER)
    sent = command.result("send", "--as", ME, PEER, "hello", "there")

    log = command.result("log")
    found = command.result("search", "hello")
    none = command.result("search", "absent")

    members = [
        "schema_version",
        "project_root",
        "count",
        "older_left_out",
        "messages",
        "unreadable",
        "remark",
    ]
    assert list(log) == list(found) == list(none) == members
    assert (log["project_root"], log["count"], log["older_left_out"]) == (str(project), 1, False)
    assert log["messages"] == found["messages"]
    (row,) = log["messages"]
    assert list(row) == [
        "to_session_id",
        "to_name",
        "from_name",
        "ledger",
        "outcome",
        "message",
    ]
    assert (row["to_session_id"], row["to_name"], row["outcome"]) == (PEER, None, None)
    assert re.fullmatch("[0-9a-f]{32}", row["ledger"])
    assert has(row["message"], ["schema_version", "id", "body", "enqueued_at", "body_bytes"])
    assert row["message"]["id"] == sent["message_id"]
    assert (none["count"], none["messages"], log["remark"]) == (0, [], None)
    assert command.result("log", "--all")["project_root"] is None
    assert command.result("log", "--limit", "0")["older_left_out"] is True


def test_a_ledger_that_cannot_be_read(command: Command, home: Path) -> None:
    command.result("inbox", "--as", PEER)
    ledger = home / ".oxtail" / "received" / f"{hash32(PEER)}.jsonl"
    ledger.mkdir(parents=True)

    expected = [{"ledger": hash32(PEER), "problem": "not a regular file"}]
    assert command.result("log")["unreadable"] == expected
    assert command.result("search", "hello")["unreadable"] == expected


def test_export(command: Command, project: Path) -> None:
    done = command.result("export", "--out", "page.md")

    assert list(done) == [
        "schema_version",
        "path",
        "project_root",
        "count",
        "bytes",
        "unreadable",
    ]
    page = project / "page.md"
    assert (done["path"], done["count"]) == (str(page), 0)
    assert done["bytes"] == page.stat().st_size
    assert command.error("export", "--out", "page.md", status=1)["code"] == "file-exists"
    assert command.result("export", "--out", "page.md", "--force")["count"] == 0


def test_report(command: Command, project: Path) -> None:
    command.result("inbox", "--as", PEER)
    command.result("send", "--as", ME, PEER, "hello")
    done = command.result("report", "-o", "page.html")

    assert list(done) == [
        "schema_version",
        "path",
        "project_root",
        "bytes",
        "agents",
        "messages",
        "waits",
        "troubles",
        "older_left_out",
        "texts_cut",
        "unreadable",
    ]
    page = project / "page.html"
    assert (done["path"], done["bytes"]) == (str(page), page.stat().st_size)
    assert done["project_root"] == str(project)
    assert (done["agents"], done["messages"], done["waits"], done["troubles"]) == (1, 1, 0, 1)
    assert (done["older_left_out"], done["texts_cut"], done["unreadable"]) == (False, 0, [])
    assert command.error("report", "-o", "page.html", status=1)["code"] == "file-exists"


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["report"], 2, "usage-error"),
        (["report", "-o", "-"], 2, "usage-error"),
        (["report", "-o", "no/such/page.html"], 5, "store-error"),
        (["log", "--since", "soon"], 2, "bad-argument"),
        (["log", "--until", "2h", "--since", "1h"], 2, "bad-argument"),
        (["log", "--peer", ""], 2, "bad-argument"),
        (["log", "--peer", "nobody"], 3, "target-not-found"),
        (["log", "--follow", "--peer", "nobody"], 3, "target-not-found"),
        (["log", "--thread", "0f3c9a1be2d47758"], 3, "message-not-found"),
        (["log", "--limit", "x"], 2, "usage-error"),
        (["search"], 2, "usage-error"),
        (["search", "?!"], 2, "bad-argument"),
        (["search", "x" * 1001], 2, "bad-argument"),
        (["export"], 2, "usage-error"),
        (["export", "--out", "no/such/page.md"], 5, "store-error"),
    ],
)
def test_errors_of_looking_back(command: Command, words: list[str], status: int, code: str) -> None:
    assert command.error(*words, status=status)["code"] == code


def test_policy(command: Command, project: Path) -> None:
    def rules(*words: str) -> dict[str, Any]:
        result = command.result("policy", "--as", PEER, *words)
        assert has(
            result,
            [
                "schema_version",
                "ok",
                "session_id",
                "session_rules",
                "project_root",
                "project_rules",
            ],
        )
        assert (result["session_id"], result["project_root"]) == (PEER, str(project))
        return result

    assert rules()["session_rules"] == rules()["project_rules"] == []
    command.result("inbox", "--as", PEER)
    held = rules("hold", ME)
    assert held["session_rules"] == [{"who": ME, "action": "hold"}]
    assert held["who"] == ME
    refused = rules("refuse", "*", "--project", ".")
    assert refused["project_rules"] == [{"who": "*", "action": "refuse"}]

    sent = command.result("send", "--as", ME, PEER, "hello")
    assert sent["held"] is True
    assert command.result("status", sent["message_id"])["status"] == "held"
    refusal = command.error("send", "--as", "somebody-else", PEER, "hello", status=3)
    assert (refusal["code"], refusal["target_session_id"]) == ("refused", PEER)

    listed = command.result("policy", "held", "--as", PEER)
    assert list(listed) == ["schema_version", "ok", "session_id", "count", "messages"]
    assert [message["id"] for message in listed["messages"]] == [sent["message_id"]]
    assert command.result("policy", "held", "--as", PEER, "--from", "nobody")["count"] == 0
    released = command.result("policy", "release", "--as", PEER, "--from", ME)
    assert list(released) == ["schema_version", "ok", "session_id", "count", "message_ids"]
    assert released["message_ids"] == [sent["message_id"]]
    assert command.result("inbox", "--as", PEER)["count"] == 1

    assert rules("remove", ME)["session_rules"] == []
    assert rules("remove", "*", "--project", ".")["project_rules"] == []


def test_held_mail_of_all_sessions(command: Command, project: Path) -> None:
    assert command.result("policy", "held")["messages"] == []
    for receiver in (PEER, "third-session"):
        command.result("inbox", "--as", receiver)
        command.result("policy", "hold", "*", "--as", receiver)
    sent = [
        command.result("send", "--as", ME, receiver, "hello", receiver)["message_id"]
        for receiver in (PEER, "third-session")
    ]

    listed = command.result("policy", "held")

    assert list(listed) == ["schema_version", "ok", "project_root", "count", "messages"]
    assert (listed["project_root"], listed["count"]) == (str(project), 2)
    first, second = listed["messages"]
    assert list(first) == ["to_session_id", "to_name", "message"]
    assert {first["message"]["id"], second["message"]["id"]} == set(sent)
    assert {first["to_session_id"], second["to_session_id"]} == {PEER, "third-session"}
    assert command.result("policy", "held", "--project", "/nowhere")["count"] == 0
    assert command.result("policy", "held", "--all", "--as", ME)["count"] == 2
    assert command.result("policy", "held", "--from", "nobody")["count"] == 0
    assert command.result("policy", "held", "--as", PEER)["count"] == 1


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["hold"], 2, "usage-error"),
        (["hold", "x", "y"], 2, "usage-error"),
        (["explode", "x"], 2, "usage-error"),
        (["hold", "x"], 3, "no-session-id"),
        (["hold", "x", "--from", "y", "--as", ME], 2, "usage-error"),
        (["release"], 3, "no-session-id"),
        (["release", "--all", "--as", ME], 2, "usage-error"),
        (["hold", "x", "--all", "--as", ME], 2, "usage-error"),
        (["held", "x", "--as", ME], 2, "usage-error"),
        (["release", "--project", ".", "--as", ME], 2, "usage-error"),
        (["remove", "x", "--as", ME], 2, "bad-argument"),
        (["hold", "a\nb", "--as", ME], 2, "bad-argument"),
    ],
)
def test_errors_of_policy(command: Command, words: list[str], status: int, code: str) -> None:
    assert command.error("policy", *words, status=status)["code"] == code


def test_a_message_to_several(command: Command) -> None:
    command.result("inbox", "--as", PEER)
    some = command.result(
        "send", "--as", ME, "--to", PEER, "--to", "nobody", "--to", PEER, "for", "both", status=1
    )
    assert list(some) == ["schema_version", "ok", "results"]
    first, second, third = some["results"]
    assert has(first, ["target", "ok", "message_id", "target_session_id", "target_server_pid"])
    assert second == {
        "target": "nobody",
        "ok": False,
        "error": "target-not-found",
        "message": second["message"],
    }
    assert (third["message_id"], third["same_as"]) == (first["message_id"], PEER)
    assert command.result("send", "--as", ME, "--to", PEER, "all of it")["ok"] is True

    none = command.result("send", "--as", ME, "--to", "nobody", "hello", status=3)
    assert none["ok"] is False
    assert command.error("send", "--as", ME, "all", "hello", status=3)["code"] == "target-not-found"
    with python_peer("receiver", "cccccccc-0000-4000-8000-000000000004"):
        everybody = command.result("send", "--as", ME, "all", "hello", "all")
    assert [row["ok"] for row in everybody["results"]] == [True]
    waits = command.error("send", "--as", ME, "--to", PEER, "--wait", "shown", "x", status=2)
    assert (waits["code"], waits["field"]) == ("bad-argument", "wait")


@pytest.mark.parametrize("words", [["peers"], ["log"], ["policy", "refuse", "x"], ["status"]])
def test_a_project_that_is_no_folder_is_remarked(
    words: list[str], tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    gone = str(tmp_path / "gone")
    assert main([*words, "--project", gone]) == 0
    assert f"there is no folder {gone}".encode() in capsysbinary.readouterr().err
    assert main([*words, "--project", str(tmp_path)]) == 0
    assert b"no folder" not in capsysbinary.readouterr().err


def test_help_of_a_verb_is_found_both_ways(command: Command) -> None:
    assert command.result("help", "send") == command.result("send", "--help")
    assert command.error("help", "nosuch", status=2)["code"] == "usage-error"


@pytest.mark.parametrize(
    ("words", "start"),
    [
        (["--due", "2001-01-01", "--action-required"], "--due: is past"),
        (["--due", "90d", "--action-required"], "--due: is more than 30 days away"),
        (["--due", "1h"], "--due: needs --action-required"),
        (["--due=yesterday", "--action-required"], "--due: must be a span"),
        (["--idempotency-key", "k" * 201], "--idempotency-key: must have 1 to 200"),
    ],
)
def test_an_error_of_an_option_names_it(command: Command, words: list[str], start: str) -> None:
    command.result("inbox", "--as", PEER)

    error = command.error("send", "--as", ME, PEER, "hello", *words, status=2)

    assert error["code"] == "bad-argument"
    assert error["message"].startswith(start)


def test_a_damped_message(command: Command) -> None:
    command.result("inbox", "--as", PEER)
    for _ in range(6):
        command.result("send", "--as", ME, PEER, "ok, thanks")

    damped = command.error("send", "--as", ME, PEER, "ok, thanks", status=3)

    assert list(damped) == ["code", "message", "reason", "limit", "retry_after_s"]
    assert (damped["code"], damped["reason"], damped["limit"]) == ("damped", "acknowledgements", 6)
    told = [f for f in command.result("doctor")["findings"] if f["check"] == "notice-damped"]
    assert len(told) == 1
    assert told[0]["level"] == "note"


def test_a_held_question(command: Command) -> None:
    with python_peer("receiver", PEER):
        command.result("policy", "--as", PEER, "hold", ME)
        asked = command.result("ask", "--as", ME, "receiver", "why?", status=4)

    assert (asked["held"], asked["reply"], asked["wake_status"]) == (True, None, "skipped_held")
    fleet = command.result("status", "--as", ME)
    mine = next(each for each in fleet["agents"] if each["session_id"] == ME)
    assert mine["waiting"]["stage"] == "held"
    theirs = next(each for each in fleet["agents"] if each["session_id"] == PEER)
    assert (theirs["held"], theirs["unread"], fleet["counts"]["held"]) == (1, 0, 1)
    assert [each["kind"] for each in fleet["attention"] if each["level"] == "you"] == ["held"]


FLEET = [
    "schema_version", "ok", "project_root", "generated_at", "self_session_id", "healthy", "agents",
    "background", "cycles", "counts", "troubles", "attention", "notices", "findings", "warnings",
    "truncated",
]  # fmt: skip
AGENT = [
    "session_id", "short_id", "name", "label", "window_name", "client_type", "server_pid", "cwd",
    "is_self", "liveness", "liveness_reason", "liveness_why", "transcript_age_s",
    "transcript_path", "proc_sig", "pane_activity_age_s", "pane_activity_at", "purpose",
    "purpose_age_s", "purpose_stale", "possibly_stalled", "awaiting_human", "hooks_say",
    "activity", "unread", "unread_confidence", "held", "open_work", "overdue_work", "obligations",
    "waiting", "waits", "tmux_pane", "tmux_session", "window_index", "tail", "findings",
]  # fmt: skip
WAITING = [
    "target_session_id", "target_short_id", "target_label", "age_s", "orphaned", "in_cycle",
    "cycle_all_live", "repoke_attempts", "kind", "stage", "message_id", "deadline", "overdue",
    "orphan", "deadlocked",
]  # fmt: skip


def test_the_fleet(command: Command, project: Path) -> None:
    empty = command.result("status", "--check")
    assert list(empty) == FLEET
    assert (empty["agents"], empty["attention"], empty["healthy"]) == ([], [], True)
    assert empty["project_root"] == str(project)

    for session_id in (ME, PEER):
        command.result("inbox", "--as", session_id)
    sent = command.result("send", "--as", ME, PEER, "do it", "--action-required")
    fleet = command.result("status", "--as", ME, "--log", "--check", status=2)
    assert list(fleet) == [*FLEET, "comms"]
    mine, theirs = sorted(fleet["agents"], key=lambda each: each["session_id"])
    assert list(mine) == AGENT
    assert list(mine["waiting"]) == WAITING
    assert mine["waiting"] in mine["waits"]
    assert (mine["waiting"]["target_session_id"], mine["waiting"]["kind"]) == (PEER, "work")
    assert (theirs["liveness"], theirs["unread"], theirs["open_work"]) == ("dead", 1, 1)
    assert list(theirs["obligations"][0]) == [
        "message_id", "requester", "requester_label", "state", "since", "deadline", "overdue",
        "text",
    ]  # fmt: skip
    assert [each["kind"] for each in fleet["troubles"]] == [
        "orphaned_wait",
        "stranded_work",
        "stranded_mail",
    ]
    assert all(
        list(each) == ["kind", "session_ids", "text", "message_ids", "count", "acknowledged"]
        for each in fleet["troubles"]
    )
    assert [list(each) for each in fleet["attention"][:1]] == [["level", "kind", "text"]]
    assert list(fleet["comms"][0]) == [
        "message_id", "from_session_id", "from_label", "to_session_id", "to_label", "body", "at",
        "origin", "request_id", "reply_to", "action_required", "closed",
    ]  # fmt: skip
    assert [each["message_id"] for each in fleet["comms"]] == [sent["message_id"]]

    assert command.result("status")["healthy"] is False
    assert command.error("status", "--ack", "nobody", status=3)["code"] == "target-not-found"
    known = command.result("status", "--ack", "--check")
    assert list(known) == [*FLEET, "acknowledged"]
    assert (len(known["acknowledged"]), known["healthy"]) == (3, True)
    assert command.result("status", "--check", "--all")["healthy"] is True
    command.result("send", "--as", ME, PEER, "and this")
    assert command.result("status", "--check", status=2)["counts"]["acknowledged"] == 3


def test_a_fleet_that_runs_is_the_same_for_programs_and_for_people(
    command: Command, project: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (project / "deep" / "er").mkdir(parents=True)
    with python_peer("worker", OTHER, purpose="\x1b[2Jbuild\u202e"):
        fleet = command.result("status", "--doctor")
        below = command.result("status", "--project", "deep/er")
        assert main(["status", "--project", "deep/er", "--width", "80"]) == 0
    text = capsysbinary.readouterr().out.decode()

    (worker,) = fleet["agents"]
    assert (worker["label"], worker["liveness"]) == ("worker", "idle")
    assert (worker["liveness_reason"], worker["purpose"]) == ("no_transcript", "[2Jbuild")
    assert worker["proc_sig"] == "ok"
    assert [each["session_id"] for each in below["agents"]] == [OTHER]
    assert "○ worker" in text
    assert "idle, no log" in text
    assert "[2Jbuild" in text
    assert "\x1b" not in text


def test_what_is_about_the_fleet_does_not_go_with_a_message(command: Command) -> None:
    for flag in ("--check", "--log", "--all"):
        assert command.error("status", "0f3c9a1be2d47758", flag, status=2)["code"] == "usage-error"


def test_what_an_operator_says(command: Command, project: Path) -> None:
    (project / "notes.txt").write_text("read me")
    with python_peer("receiver", PEER), python_peer("other", OTHER):
        told = command.result("message", "receiver", "--attach", "notes.txt", "look", "here")
        nudged = command.result("message", PEER[:8], "--nudge", "--no-wake")
        preview = command.result("message", "--broadcast", "stop", status=1)
        all_told = command.result("message", "--broadcast", "-y", "stop")

    members = [
        "schema_version", "ok", "message_id", "target_session_id", "target_server_pid",
        "wake_status",
    ]  # fmt: skip
    assert list(told) == [*members, "attachments"]
    assert (told["target_session_id"], told["wake_status"]) == (PEER, "skipped_no_target")
    (attached,) = told["attachments"]
    assert list(attached) == ["path", "name", "size"]
    assert (attached["name"], attached["size"]) == ("notes.txt", 7)
    assert Path(attached["path"]).read_text() == "read me"
    assert list(nudged) == members
    assert nudged["wake_status"] == "off"
    assert list(preview) == ["schema_version", "ok", "preview", "receivers"]
    assert (preview["ok"], preview["preview"]) == (False, True)
    assert {each["agent"] for each in preview["receivers"]} == {PEER, OTHER}
    assert [list(each) for each in preview["receivers"]] == [["agent", "label"]] * 2
    assert list(all_told) == ["schema_version", "ok", "results"]
    for row in all_told["results"]:
        assert list(row) == ["agent", "label", *members[1:]]


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["nobody", "hello"], 3, "target-not-found"),
        (["nobody"], 2, "usage-error"),
        ([], 2, "usage-error"),
        (["nobody", "hello", "--nudg"], 2, "usage-error"),
        (["--nudge", "nobody", "hello"], 2, "usage-error"),
        (["nobody", "hello", "--yes"], 2, "usage-error"),
        (["--broadcast", "--attach", "x", "hello"], 2, "usage-error"),
        (["--broadcast", "--cap", "lots", "hello"], 2, "usage-error"),
        (["--broadcast", "hello"], 3, "target-not-found"),
        (["", "hello"], 2, "bad-argument"),
    ],
)
def test_errors_of_an_operator(command: Command, words: list[str], status: int, code: str) -> None:
    assert command.error("message", *words, status=status)["code"] == code


def test_a_message_that_an_operator_cannot_send(command: Command) -> None:
    with python_peer("receiver", PEER):
        for words, status, code in (
            (["x" * 8193], 2, "bad-argument"),
            ([" "], 2, "bad-argument"),
            (["--attach", "missing", "see"], 1, "attachment-refused"),
            (["--attach", ".", "see"], 1, "attachment-refused"),
        ):
            assert command.error("message", "receiver", *words, status=status)["code"] == code


def test_going_to_an_agent_that_is_in_no_pane(command: Command) -> None:
    with python_peer("receiver", PEER):
        error = command.error("jump", "receiver", status=3)
    assert list(error) == ["code", "message", "reason", "command", "clients"]
    assert (error["code"], error["reason"]) == ("jump-refused", "pane-not-proved")
    assert command.error("jump", "nobody", status=3)["code"] == "target-not-found"
    assert command.error("jump", "nobody", "--dryrun", status=2)["code"] == "usage-error"


def test_what_docking_would_do(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMUX_TMPDIR", str(tmp_path))  # no tmux server listens there
    shell = command.result("dock", "--dry-run")
    assert shell == {
        "schema_version": 1, "dry_run": True, "action": "shell", "session": "project",
    }  # fmt: skip
    fleet = command.result("dock", "--dry-run", "--spawn", "--session", "crew")
    assert has(fleet, ("schema_version", "dry_run", "action", "session", "steps"))
    assert (fleet["action"], fleet["session"]) == ("spawn", "crew")
    for words in (["--session", "a:b"], ["--spawn", "--no-spawn"], ["--rows", "1"]):
        assert command.error("dock", *words, status=2)["code"] == "usage-error"
