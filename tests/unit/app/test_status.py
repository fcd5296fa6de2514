"""A status says how far a message has come, each stage with its proof, and nothing on hope."""

from __future__ import annotations

import threading

import pytest

from helpers.delegating import delegate
from helpers.fakes import ALICE, BOB, CAROL, World
from helpers.waiting import until
from oxtail.app.ask import NeverCancelled
from oxtail.app.read import read
from oxtail.app.send import compose, deliver, reply, send
from oxtail.app.status import message_status, stage_named, wait_for, with_receipt
from oxtail.app.work import complete, reassign
from oxtail.core.evidence import InContext, Offered, Stage
from oxtail.core.names import held_box, reassigned_id
from oxtail.errors import BadArgument, StoreError


@pytest.fixture
def world() -> World:
    world = World()
    world.waker.status = "skipped_no_target"  # nobody has a pane
    return world


@pytest.fixture
def alice(world):
    return world.context(ALICE, pid=1)


@pytest.fixture
def bob(world):
    return world.context(BOB, pid=2)


def show(ctx) -> None:
    read(ctx, lambda result: None)


def stages(ctx, message_id: str) -> list[str]:
    status = message_status(ctx, message_id)
    found = [proof.stage.value for proof in status.proofs]
    assert status.status == (found[-1] if found else "unknown")
    return found


def test_a_message_goes_through_all_stages_each_with_its_proof(world, alice, bob):
    sent = send(alice, BOB, "hello").message_id
    at = int(world.clock.now())
    assert stages(alice, sent) == ["stored"]

    world.clock.advance(1)
    world.sides.evidence.offered(Offered(sent, "claude-inbox", at + 1, 1))
    assert stages(alice, sent) == ["stored", "offered"]

    world.clock.advance(1)
    show(bob)
    assert stages(alice, sent) == ["stored", "offered", "shown"]

    world.sides.evidence.found(InContext(sent, "/t.jsonl", 7, at + 3))
    assert stages(alice, sent) == ["stored", "offered", "shown", "in_context"]

    world.clock.advance(2)
    answer = reply(bob, sent, "hello yourself").message_id
    assert message_status(alice, sent).as_dict() == {
        "schema_version": 1,
        "ok": True,
        "message_id": sent,
        "status": "answered",
        "evidence": [
            {"stage": "stored", "at": at, "target_session_id": BOB, "target_server_pid": 2},
            {"stage": "offered", "at": at + 1, "door": "claude-inbox", "attempt": 1},
            {
                "stage": "shown",
                "at": at + 2,
                "via": "read_my_messages",
                "recipient_session_id": BOB,
            },
            {"stage": "in_context", "at": at + 3, "transcript": "/t.jsonl", "line": 7},
            {"stage": "answered", "at": at + 4, "message_id": answer},
        ],
    }


def test_no_stage_is_concluded_from_another(world, alice, bob):
    sent = send(alice, BOB, "hello").message_id
    answer = reply(bob, sent, "I know").message_id

    # The reader writes no receipts, as old peers do not.
    assert stages(alice, sent) == ["stored", "answered"]
    assert message_status(bob, answer).status == "stored"


def test_a_message_that_waits_says_so_and_one_that_has_gone_without_a_receipt_too(
    world, alice, bob
):
    sent = send(alice, BOB, "hello").message_id
    waiting = message_status(alice, sent)
    assert (waiting.status, waiting.waiting, waiting.note) == ("stored", True, None)

    claim = world.store.claim(bob.session.boxes(), [sent])
    assert message_status(alice, sent).waiting is True
    world.store.ack(claim, "hook", BOB)
    del world.store.world.receipts[sent]

    gone = message_status(alice, sent)
    assert (gone.status, gone.waiting) == ("stored", False)
    assert "without a receipt" in gone.note


def test_mail_that_is_shown_while_one_looks_is_not_said_to_have_gone(
    world, alice, bob, monkeypatch
):
    sent = send(alice, BOB, "hello").message_id
    real = world.store.is_waiting

    def is_waiting(boxes, message_id):
        if message_id == sent and bob.session.boxes()[0] in boxes:
            show(bob)
        return real(boxes, message_id)

    monkeypatch.setattr(world.store, "is_waiting", is_waiting)

    status = message_status(alice, sent)

    assert (status.status, status.waiting, status.note) == ("shown", None, None)


def test_the_status_of_work_says_whether_it_is_open_and_overdue(world, alice, bob):
    due = int(world.clock.now()) + 60
    sent = delegate(alice, deadline=due).message_id
    assert message_status(alice, sent).as_dict()["work"] == {
        "state": "open",
        "owed_by": BOB,
        "deadline": due,
        "overdue": False,
    }

    world.clock.advance(61)
    assert message_status(alice, sent).as_dict()["work"]["overdue"]

    complete(bob, sent, "late, but done")
    assert message_status(alice, sent).as_dict()["work"] == {"state": "done", "owed_by": BOB}


def test_ordinary_mail_has_no_work_in_its_status(alice, bob):
    assert "work" not in message_status(alice, send(alice, BOB, "x").message_id).as_dict()


def test_the_status_of_work_follows_it_to_whoever_owes_it_and_no_notice_is_an_answer(
    world, alice, bob
):
    carol = world.context(CAROL, pid=3)
    sent = delegate(alice).message_id

    reassign(bob, sent, CAROL, "no time")

    handed_on = message_status(alice, sent)
    assert handed_on.status == "stored"
    assert handed_on.as_dict()["work"] == {
        "state": "open",
        "owed_by": CAROL,
        "message_id": reassigned_id(sent),
    }

    result = complete(carol, reassigned_id(sent), "done").completion_id
    ended = message_status(alice, sent)
    assert ended.status == "answered"
    assert ended.proofs[-1].facts == (("message_id", result),)
    assert ended.as_dict()["work"]["state"] == "done"


def test_what_has_no_record_is_unknown(world, alice):
    assert message_status(alice, "0" * 16).as_dict() == {
        "schema_version": 1,
        "ok": True,
        "message_id": "0" * 16,
        "status": "unknown",
        "evidence": [],
        "note": "no record of this message: not sent from here, or older than seven days",
    }


@pytest.mark.parametrize("wrong", ["", "x", "../../etc/passwd", "0F" * 8, "0" * 17, 7, None])
def test_what_is_no_message_id_is_refused(alice, wrong):
    with pytest.raises(BadArgument):
        message_status(alice, wrong)


def test_held_mail_is_held_until_it_is_let_through(world, alice, bob):
    sent = send(alice, BOB, "hello").message_id
    world.store.adopt_box(bob.session.boxes()[0], held_box(BOB))
    assert stages(alice, sent) == ["stored", "held"]

    world.store.adopt_box(held_box(BOB), bob.session.boxes()[0])
    assert stages(alice, sent) == ["stored"]


def test_an_answer_of_somebody_else_is_none(world, alice, bob):
    carol = world.context(CAROL, pid=3)
    sent = send(alice, BOB, "hello", reply_to=None).message_id
    send(carol, ALICE, "I know", source_message_id=sent)
    assert stages(alice, sent) == ["stored"]

    answer = send(bob, ALICE, "I know", source_message_id=sent).message_id
    assert message_status(alice, sent).proofs[-1].facts == (("message_id", answer),)


def test_the_answer_to_a_question_answers_its_message(world, alice, bob):
    envelope = compose(alice, "why?", request_id="d" * 16)
    deliver(alice, alice.registry.live(2), envelope)
    send(bob, ALICE, "no source", reply_to="e" * 16)
    assert stages(alice, envelope.id) == ["stored"]

    send(bob, ALICE, "because", reply_to="d" * 16)
    assert stages(alice, envelope.id) == ["stored", "answered"]


def test_the_answer_of_an_heir_counts_and_reaches_an_heir(world, alice, bob):
    sent = send(alice, BOB, "hello").message_id
    world.sides.lineage.record(BOB, CAROL, "test")
    carol = world.context(CAROL, pid=3)

    send(carol, ALICE, "I know", source_message_id=sent)

    assert stages(alice, sent) == ["stored", "answered"]


def test_somebody_without_an_id_learns_what_the_sender_would(world, alice, bob):
    sent = send(alice, BOB, "hello").message_id
    reply(bob, sent, "hi")
    nobody = world.context(None, pid=9, announced=False)

    assert stages(nobody, sent) == ["stored", "answered"]


# ------------------------------------------------------------------ waiting


def in_thread(work) -> tuple[threading.Thread, list]:
    results: list = []
    thread = threading.Thread(target=lambda: results.append(work()), daemon=True)
    thread.start()
    return thread, results


def waiters(world) -> int:
    return len(world.store.world.bells)


@pytest.mark.parametrize("word", ["shown", "in_context", "answered"])
def test_a_wait_ends_when_the_stage_is_reached(world, alice, bob, word):
    sent = send(alice, BOB, "hello").message_id
    thread, results = in_thread(lambda: wait_for(alice, sent, Stage(word), 60))
    until(lambda: waiters(world))

    show(bob)
    if word == "in_context":
        world.sides.evidence.found(InContext(sent, "/t.jsonl", 7, 0))
        world.store.ring(alice.session.boxes()[0])
    if word == "answered":
        reply(bob, sent, "hi")

    thread.join(60)
    (status,) = results
    assert (status.status, status.timed_out) == (word, False)


def test_a_wait_for_less_ends_with_more(world, alice, bob):
    sent = send(alice, BOB, "hello").message_id
    reply(bob, sent, "hi")

    assert wait_for(alice, sent, Stage.SHOWN, 60).status == "answered"


def test_a_wait_ends_when_its_time_is_over_and_says_what_is_known(world, alice, bob, monkeypatch):
    sent = send(alice, BOB, "hello").message_id
    waits = []

    class Bell:
        def __enter__(self):
            return self

        def __exit__(self, *exc):
            return None

        def wait(self, timeout):
            waits.append(timeout)
            world.clock.advance(timeout)
            return False

        def interrupt(self):
            return None

    monkeypatch.setattr(world.store, "bell", lambda boxes: Bell())

    status = wait_for(alice, sent, Stage.SHOWN, 2.5)

    assert (status.status, status.waiting, status.timed_out) == ("stored", True, True)
    # Readers that do not ring are found by looking.
    assert waits == [1.0, 1.0, 0.5]


class Cancellation(NeverCancelled):
    """Cancelled when the test says so."""

    def __init__(self) -> None:
        self.callbacks = []
        self.is_cancelled = False

    def is_set(self) -> bool:
        return self.is_cancelled

    def add_callback(self, callback) -> None:
        self.callbacks.append(callback)


def test_a_wait_ends_when_it_is_cancelled(world, alice, bob):
    sent = send(alice, BOB, "hello").message_id
    cancel = Cancellation()
    thread, results = in_thread(lambda: wait_for(alice, sent, Stage.SHOWN, 60, cancelled=cancel))
    until(lambda: cancel.callbacks)

    cancel.is_cancelled = True
    for callback in cancel.callbacks:
        callback()

    thread.join(60)
    assert results[0].timed_out is True


def test_a_send_that_waited_carries_the_receipt(world, alice, bob):
    result = send(alice, BOB, "hello")
    show(bob)

    waited = with_receipt(alice, result, Stage.SHOWN, 60)

    receipt = waited.as_dict()["receipt"]
    assert list(receipt) == ["status", "evidence", "timed_out"]
    assert (receipt["status"], receipt["timed_out"]) == ("shown", False)
    assert "receipt" not in result.as_dict()


def test_a_receipt_that_cannot_be_read_makes_no_error_of_a_send(world, alice, bob, monkeypatch):
    result = send(alice, BOB, "hello")

    def refuse(message_id: str) -> None:
        raise StoreError("no")

    monkeypatch.setattr(world.store, "receipt", refuse)

    assert with_receipt(alice, result, Stage.SHOWN, 60) == result
    assert world.trace.named("receipt_not_read")


def test_one_can_wait_for_what_the_receiver_does_and_for_nothing_else():
    assert stage_named("shown") is Stage.SHOWN
    for wrong in ("stored", "offered", "held", "expired", "refused", "unknown", "", "SHOWN"):
        with pytest.raises(BadArgument):
            stage_named(wrong)
