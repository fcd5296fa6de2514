"""The Python interface, used as a program would: each peer in a process of its own."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import oxtail
from helpers.waiting import until
from oxtail.errors import AlreadyJoined, BadArgument, MessageNotFound, TargetNotFound

ANSWERER = """
import sys, oxtail
with oxtail.join(name="reviewer", purpose="answers") as me:
    print("READY", me.id, flush=True)
    answered = 0
    while answered < int(sys.argv[1]):
        if not me.wait(60):
            sys.exit("nobody asked")
        with me.inbox() as messages:
            for message in messages:
                if message.is_question:
                    me.reply(message, message.body.upper())
                    answered += 1
"""


class Program:
    """A Python program that takes part; ended by pid when the test ends."""

    def __init__(self, code: str, *arguments: str, cwd: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", code, *arguments],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,  # an inherited one may be at its end already
            stdout=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> int:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        if self.process.poll() is None:
            self.process.kill()
        return self.process.wait(60)


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    path = tmp_path / "project"
    path.mkdir()
    monkeypatch.chdir(path)
    return path


@pytest.fixture
def start(project):
    """Start a program in the project; it ends with the test."""
    started = []

    def program(code: str, *arguments: str) -> Program:
        started.append(Program(code, *arguments, cwd=project))
        return started[-1]

    yield program
    for each in started:
        each.end()


@pytest.fixture
def reviewer(start):
    program = start(ANSWERER, "1")
    assert program.line().startswith("READY")
    return program


@pytest.fixture
def me(project):
    with oxtail.join(name="builder") as participant:
        yield participant


def test_two_programs_find_each_other_and_one_answers(reviewer, me):
    (peer,) = me.peers()

    answer = me.ask("reviewer", "may I merge?", timeout=60)

    assert (peer.peer_name, peer.state.purpose) == ("reviewer", "answers")
    assert answer is not None
    assert (answer.body, answer.correlated) == ("MAY I MERGE?", True)
    assert reviewer.process.wait(60) == 0


def test_a_message_is_shown_once_it_was_handled_and_again_if_that_failed(start, me):
    sender = start(
        "import sys, oxtail\n"
        "with oxtail.join() as me: print(me.send(sys.argv[1], 'hello').message_id)",
        "builder",
    )
    message_id = sender.line()
    assert sender.process.wait(60) == 0

    def handle_badly() -> None:
        with me.inbox() as messages:
            assert [message.id for message in messages] == [message_id]
            raise RuntimeError("could not handle it")

    with pytest.raises(RuntimeError):
        handle_badly()
    assert me.status(message_id).status == "stored"

    with me.inbox() as again:
        assert [message.id for message in again] == [message_id]
    assert me.status(message_id).status == "shown"
    with me.inbox() as nothing:
        assert nothing == ()
    assert me.received(message_id).body == "hello"


def test_a_send_can_wait_until_it_was_shown(start, me):
    peer = start(
        "import oxtail\n"
        "with oxtail.join(name='reader', session_id='reader-1') as me:\n"
        "    print('READY')\n"
        "    for _ in range(2):\n"
        "        me.wait(60)\n"
        "        with me.inbox() as messages: print([m.body for m in messages])",
    )
    assert peer.line() == "READY"

    sent = me.send("reader", "look", wait="shown", timeout=60)

    assert peer.line() == "['look']"
    assert (sent.receipt.status, sent.receipt.timed_out) == ("shown", False)
    late = me.send("reader", "and answer", wait="answered", timeout=0.05).receipt
    assert late.timed_out is True
    with pytest.raises(BadArgument):
        me.send("reader", "x", wait="stored")


def test_a_program_that_returns_under_its_id_finds_its_mail(start, me):
    gone = start(
        "import oxtail\n"
        "with oxtail.join(name='sleeper', session_id='sleeper-1') as me: print('READY')",
    )
    assert gone.line() == "READY"
    assert gone.process.wait(60) == 0

    sent = me.send("sleeper", "for when you are back")

    assert (sent.target_session_id, sent.target_server_pid) == ("sleeper-1", None)
    back = start(
        "import oxtail\n"
        "with oxtail.join(session_id='sleeper-1') as me:\n"
        "    with me.inbox() as messages: print([m.body for m in messages])",
    )
    assert back.line() == "['for when you are back']"
    assert back.process.wait(60) == 0
    assert me.status(sent.message_id).status == "shown"


def test_silence_is_no_answer_and_not_an_error(start, me):
    mute = start(
        "import oxtail, sys\n"
        "with oxtail.join(name='mute') as me: print('READY', flush=True); sys.stdin.read()",
    )
    assert mute.line() == "READY"

    assert me.ask("mute", "anybody?", timeout=0.05) is None

    mute.end()
    until(lambda: me.peers() == ())


def test_wrong_use_has_stable_errors(me):
    with pytest.raises(AlreadyJoined):
        oxtail.join()
    with pytest.raises(TargetNotFound):
        me.send("nobody", "x")
    with pytest.raises(BadArgument):
        me.send("nobody", "")
    with pytest.raises(BadArgument), me.inbox(limit=0):
        pass
    with pytest.raises(MessageNotFound):
        me.reply("0" * 16, "x")
    assert issubclass(MessageNotFound, oxtail.OxtailError)


def test_a_deadline_is_any_time_ahead_for_one_and_for_many(reviewer, me):
    due = time.time() + 60.75

    one = me.send("reviewer", "please", action_required=True, deadline=due)
    many = me.send_many(["reviewer"], "please, too", action_required=True, deadline=due)

    (row,) = many.rows
    assert {one.deadline, row.result.deadline} == {int(due)}
    assert me.status(row.result.message_id).work.message.deadline == int(due)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, "soon", True])
def test_a_deadline_that_is_no_time_is_refused(reviewer, me, wrong):
    for send, target in ((me.send, "reviewer"), (me.send_many, ["reviewer"])):
        with pytest.raises(BadArgument) as caught:
            send(target, "please", action_required=True, deadline=wrong)
        assert caught.value.field == "deadline"


@pytest.mark.parametrize("wrong", [math.nan, "long", None])
def test_a_wait_for_no_time_at_all_is_refused(me, wrong):
    waits = (
        lambda: me.wait(wrong),
        lambda: me.ask("nobody", "x", timeout=wrong),
        lambda: me.send("nobody", "x", wait="shown", timeout=wrong),
    )
    for wait in waits:
        with pytest.raises(BadArgument):
            wait()


@pytest.mark.parametrize("wrong", [math.inf, 0, -1, 300.1])
def test_a_question_is_waited_for_between_nothing_and_five_minutes(me, wrong):
    with pytest.raises(BadArgument) as caught:
        me.ask("nobody", "x", timeout=wrong)
    assert caught.value.field == "timeout"


@pytest.mark.parametrize(
    ("field", "act"),
    [
        ("target", lambda me: me.send(5, "x")),
        ("target", lambda me: me.send(["nobody"], "x")),
        ("target", lambda me: me.ask(b"nobody", "x")),
        ("target", lambda me: me.send_many(None, "x")),
        ("target", lambda me: me.send_many([5], "x")),
        ("target", lambda me: me.reassign("0" * 16, 5, "x")),
        ("idempotency_key", lambda me: me.send("nobody", "x", idempotency_key=5)),
        ("idempotency_key", lambda me: me.send_many(["nobody"], "x", idempotency_key=5)),
        ("message", lambda me: me.reply(5, "x")),
        ("message", lambda me: me.complete(None, "x")),
        ("purpose", lambda me: me.describe(5)),
        ("limit", lambda me: me.inbox(limit="all").__enter__()),
        ("limit", lambda me: me.inbox(limit=1.5).__enter__()),
    ],
)
def test_what_is_no_text_or_number_is_refused_by_name(me, field, act):
    with pytest.raises(BadArgument) as caught:
        act(me)
    assert caught.value.field == field


@pytest.mark.parametrize("field", ["name", "session_id", "purpose"])
def test_a_program_joins_with_texts(project, field):
    with pytest.raises(BadArgument) as caught:
        oxtail.join(**{field: 5})
    assert caught.value.field == field
    oxtail.join().leave()


def test_the_targets_of_a_group_may_be_any_iterable(reviewer, me):
    result = me.send_many((each for each in ("reviewer",)), "hello")
    assert [row.target for row in result.rows] == ["reviewer"]


def test_a_program_started_by_an_agent_is_not_that_agent(project, monkeypatch):
    monkeypatch.setenv("CLAUDECODE", "1")
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "11111111-1111-4111-8111-111111111111")

    with oxtail.join() as me:
        assert me.id != "11111111-1111-4111-8111-111111111111"
