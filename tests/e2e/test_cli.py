"""The command as people and scripts run it: in processes of its own, with real pipes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from helpers.command import OXTAIL, environment, finish, oxtail, python_peer, start
from helpers.waiting import until
from oxtail.identity.ancestry import is_ancestor_related

ALICE = "aaaaaaaa-0000-4000-8000-000000000001"
BOB = "bbbbbbbb-0000-4000-8000-000000000002"
ID = re.compile("[0-9a-f]{16}")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "project"
    (path / ".git").mkdir(parents=True)
    monkeypatch.chdir(path)
    return path


def acquaint(*session_ids: str) -> None:
    """Make sessions known, as a first look into their inboxes does."""
    for session_id in session_ids:
        assert oxtail("inbox", "--as", session_id).status == 0


def message_id(text: str) -> str:
    found = ID.search(text)
    assert found, text
    return found.group()


@pytest.mark.slow
def test_two_sessions_exchange_mail_by_their_ids() -> None:
    acquaint(BOB)
    sent = oxtail("send", BOB, "-", stdin="żółw\n\x1b[2J".encode(), OXTAIL_SESSION_ID=ALICE)
    assert sent.status == 0
    assert "stored" in sent.out
    assert "delivered" not in sent.out

    shown = oxtail("inbox", OXTAIL_SESSION_ID=BOB)
    assert message_id(shown.out) == message_id(sent.out)
    assert ALICE in shown.out
    assert "  żółw\n  \\x1b[2J\n" in shown.out
    assert oxtail("inbox", "--as", BOB).out == "no mail\n"

    reply = oxtail("reply", "--as", BOB, message_id(sent.out), "thanks")
    assert reply.status == 0
    assert "  thanks\n" in oxtail("inbox", "--as", ALICE).out
    status = oxtail("status", message_id(sent.out)).out
    assert status.splitlines()[0] == f"{message_id(sent.out)} answered"
    assert [line.split()[0] for line in status.splitlines()[1:]] == ["stored", "shown", "answered"]
    assert f"to {BOB} through cli" in status


@pytest.mark.slow
def test_an_answer_travels_between_two_commands(home: Path) -> None:
    with python_peer("receiver", BOB):
        asking = start("ask", "--as", ALICE, BOB, "silence, which port?", "--timeout", "60")
        sent = home / ".oxtail" / "outbox"
        question = until(
            lambda: sent.is_dir() and [p.name for p in sent.iterdir() if ID.fullmatch(p.name)]
        )[0]
        assert oxtail("reply", "--as", BOB, question, "8081").status == 0
        done = finish(asking)

    assert (done.status, done.out) == (0, "8081\n")


@pytest.mark.slow
def test_a_command_asks_and_a_program_answers() -> None:
    with python_peer("receiver", BOB):
        done = oxtail("ask", "--as", ALICE, "receiver", "which", "port?")

        assert (done.status, done.out, done.err) == (0, "answer to which port?\n", "")


@pytest.mark.slow
def test_an_answer_that_comes_late_arrives_as_mail() -> None:
    with python_peer("receiver", BOB):
        done = oxtail("ask", "--as", ALICE, "receiver", "silence", "--timeout", "0.2")
        assert (done.status, done.out) == (4, "")
        assert "arrives as mail" in done.err

    late = oxtail("reply", "--as", BOB, message_id(done.err), "8081")
    assert late.status == 0
    assert "  8081\n" in oxtail("inbox", "--as", ALICE).out


@pytest.mark.slow
def test_ctrl_c_cancels_a_question_and_keeps_it_open(home: Path) -> None:
    with python_peer("receiver", BOB):
        asking = start("ask", "--as", ALICE, "receiver", "silence")
        until(lambda: list((home / ".oxtail" / "asks").glob("a-*")))
        until(lambda: list((home / ".oxtail" / "received").glob("*.jsonl")))
        entry = home / ".oxtail" / "sessions" / f"{asking.pid}.json"
        assert f'"session_id": "{ALICE}"' in entry.read_text()
        asking.send_signal(signal.SIGINT)
        done = finish(asking)

    assert not entry.exists()
    assert done.status == 4
    assert "[ask-cancelled]" in done.err
    assert "Traceback" not in done.err
    assert list((home / ".oxtail" / "pending-ask").glob("p-*"))


@pytest.mark.slow
def test_mail_stays_where_the_output_fails(home: Path) -> None:
    acquaint(BOB)
    assert oxtail("send", BOB, "precious").status == 0

    with open("/dev/full", "wb") as full:
        failed = subprocess.run(
            [*OXTAIL, "inbox", "--as", BOB], stdout=full, stderr=-1, env=environment()
        )
    assert failed.returncode == 1
    assert b"[output-failed]" in failed.stderr
    assert b"Traceback" not in failed.stderr

    closed = subprocess.run(
        ["sh", "-c", f"{' '.join(OXTAIL)} inbox --as {BOB} >&-"], stderr=-1, env=environment()
    )
    assert closed.returncode == 1

    assert "  precious\n" in oxtail("inbox", "--as", BOB).out


@pytest.mark.slow
def test_a_broken_pipe_loses_no_mail() -> None:
    acquaint(BOB)
    assert oxtail("send", BOB, "precious").status == 0

    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [*OXTAIL, "inbox", "--as", BOB], stdout=write_end, stderr=-1, env=environment()
    )
    os.close(write_end)

    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
    assert oxtail("inbox", "--as", BOB, "--json").json["result"]["count"] == 1


def test_a_send_that_was_committed_succeeds_where_the_output_fails() -> None:
    acquaint(BOB)

    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*OXTAIL, "send", BOB, "hello"], stdout=full, stderr=-1, env=environment()
        )

    assert done.returncode == 0
    assert b"is stored" in done.stderr


@pytest.mark.slow
def test_mail_of_a_session_that_runs_elsewhere_is_its_own() -> None:
    with python_peer("receiver", BOB) as pid:
        looking = start("inbox", "--as", BOB, "--json")
        if is_ancestor_related(pid, looking.pid):
            finish(looking)
            pytest.skip("all that runs below one agent may act for it")
        refused = finish(looking)
        assert refused.status == 3
        assert refused.json["error"]["code"] == "session-id-taken"
        assert refused.json["error"]["holder_pid"] == pid
        assert oxtail("ask", "--as", BOB, ALICE, "hello").status == 3
        assert oxtail("inbox", "--as", BOB, "--keep").status == 0
        assert oxtail("inbox", "--as", BOB, "--force").status == 0


def test_an_unknown_word_is_an_error_and_no_server() -> None:
    done = oxtail("hepl", stdin=b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')

    assert (done.status, done.out) == (2, "")
    assert "[usage-error]" in done.err


def test_help_and_version_need_no_home() -> None:
    assert "exit status:" in oxtail("--help", HOME="/nonexistent").out
    assert oxtail("--version", HOME="/nonexistent").out.startswith("oxtail ")
    assert "usage: oxtail send" in oxtail("send", "--help", HOME="/nonexistent").out


def test_bytes_that_are_no_text_are_refused() -> None:
    done = subprocess.run([*OXTAIL, "send", BOB, b"caf\xe9"], capture_output=True)

    assert done.returncode == 2
    assert b"[bad-argument]" in done.stderr


def test_a_home_that_cannot_be_written_is_a_clear_error(home: Path) -> None:
    (home / ".oxtail").write_text("in the way")

    done = oxtail("inbox", "--as", BOB)

    assert done.status == 5
    assert "[store-error]" in done.err
    assert "Traceback" not in done.err


def test_without_a_verb_and_without_a_terminal_it_is_the_server() -> None:
    hello = (
        b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18",'
        b'"capabilities":{},"clientInfo":{"name":"test","version":"1"}}}\n'
    )

    done = oxtail(stdin=hello)

    assert done.status == 0
    assert done.json["result"]["serverInfo"]["name"] == "oxtail"


def test_without_a_verb_on_a_terminal_it_is_the_help() -> None:
    controller, terminal = os.openpty()
    try:
        done = subprocess.run([*OXTAIL], stdin=terminal, capture_output=True, timeout=60)
    finally:
        os.close(controller)
        os.close(terminal)

    assert done.returncode == 0
    assert done.stdout.startswith(b"usage: oxtail VERB")
