"""Sending to sessions of other hosts, and taking over what comes from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from helpers.delegating import inbox
from helpers.fakes import ALICE, BOB, CAROL, World
from helpers.hosts import FakeArrivals
from oxtail.app.announce import Here
from oxtail.app.arrive import Arriving
from oxtail.app.context import Context
from oxtail.app.peers import list_peers
from oxtail.app.send import reply, send
from oxtail.app.status import message_status
from oxtail.app.work import complete
from oxtail.core.arrival import SETTLED, UNKNOWN_SENDER
from oxtail.core.envelope import Envelope
from oxtail.core.evidence import InContext
from oxtail.core.names import hash32, held_box, relay_box, session_box
from oxtail.core.policy import HOLD, REFUSE, Policy, Rule
from oxtail.core.remote import Mail, RemoteHost, RemoteSession, Report, unrelayed
from oxtail.errors import AmbiguousTarget, CrossProject, MailboxFull, TargetNotFound

HERE, THERE, THIRD = "a" * 16, "b" * 16, "c" * 16
PROJECT = hash32("/project")


def tell(
    ctx: Context, *session_ids: str, host: str = THERE, project: str = PROJECT, **more: Any
) -> None:
    """Let *host* say that it has these sessions."""
    sessions = tuple(RemoteSession(each, project=project, **more) for each in session_ids)
    said = RemoteHost(host, f"host-{host[0]}", host, 1, sessions=sessions)
    ctx.hosts.keep(said, lambda _: False)


def relay(world: World, host: str = THERE) -> Sequence[Mail]:
    found = (unrelayed(m) for m in world.store.peek((relay_box(host),)).messages)
    return [mail for mail in found if mail]


def letter(sender: str | None = BOB, **more: Any) -> Envelope:
    number = more.pop("number", 1)
    return Envelope(f"{number:016x}", "hello", 1_800_000_000, from_session_id=sender, **more)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def alice(world: World) -> Context:
    return world.context(ALICE, name="alice")


@pytest.fixture
def arrivals() -> FakeArrivals:
    return FakeArrivals()


@pytest.fixture
def here(world: World, alice: Context, arrivals: FakeArrivals) -> Arriving:
    """The carrier's side of the host of Alice, to which Bob of another host is known."""
    tell(alice, BOB, name="bob")
    carrier = world.context(None, pid=900, announced=False, returns=False)
    return Arriving(carrier, Here(HERE, "host-a", HERE), arrivals)


class TestSending:
    def test_mail_for_another_host_goes_into_its_relay_box_and_wakes_nobody(self, world, alice):
        tell(alice, BOB, name="bob")
        result = send(alice, "bob", "hello", wake="auto").as_dict()
        (mail,) = relay(world)
        assert (mail.to, mail.project, mail.envelope.body) == (BOB, PROJECT, "hello")
        assert result["remote"] == {"host_id": THERE, "host": "host-b"}
        assert result["stored"] is True
        assert world.waker.woken == []
        assert ("wake", "auto") in mail.envelope.extra

    def test_the_result_says_what_keeps_the_mail_here(self, alice):
        tell(alice, BOB)
        assert "unplugged" not in (send(alice, BOB, "x").note or "")
        alice.hosts.trouble.__self__.problem = "unplugged"
        assert "unplugged" in (send(alice, BOB, "x").note or "")

    def test_a_session_of_this_host_goes_before_one_elsewhere(self, world, alice):
        world.context(BOB, pid=101, name="twin")
        tell(alice, CAROL, name="twin")
        assert send(alice, "twin", "x").target_session_id == BOB
        assert send(alice, "twin@host-b", "x").target_session_id == CAROL

    def test_a_name_on_two_hosts_needs_its_host(self, alice):
        tell(alice, BOB, name="twin")
        tell(alice, CAROL, name="twin", host=THIRD)
        with pytest.raises(AmbiguousTarget) as error:
            send(alice, "twin", "x")
        assert error.value.fields["candidates"] == [f"{BOB}@{THERE}", f"{CAROL}@{THIRD}"]
        assert send(alice, f"twin@{THIRD}", "x").target_session_id == CAROL

    def test_a_session_of_another_project_is_not_reached(self, alice):
        tell(alice, BOB, name="bob", project=hash32("/other"))
        with pytest.raises(CrossProject):
            send(alice, BOB, "x")
        with pytest.raises(TargetNotFound):
            send(alice, "bob", "x")

    def test_a_full_relay_box_refuses(self, world):
        alice = world.context(ALICE, stored_max_messages=1)
        tell(alice, BOB)
        send(alice, BOB, "x")
        with pytest.raises(MailboxFull):
            send(alice, BOB, "x")

    def test_a_peer_elsewhere_is_listed_with_its_host(self, world, alice):
        tell(alice, BOB, name="bob")
        row = next(r for r in list_peers(alice).as_dict()["sessions"] if r["name"] == "bob")
        assert (row["host_id"], row["host"], row["seen_lately"]) == (THERE, "host-b", True)
        world.clock.advance(100)
        row = next(r for r in list_peers(alice).as_dict()["sessions"] if r["name"] == "bob")
        assert row["seen_lately"] is False


class TestArriving:
    def test_mail_is_committed_with_the_host_that_sent_it(self, world, alice, here):
        assert here.arrive(Mail(ALICE, PROJECT, letter()), THERE) == SETTLED
        (got,) = inbox(alice).messages
        assert (got.body, dict(got.extra)) == ("hello", {"from_host": THERE})

    def test_mail_that_comes_twice_is_there_once(self, world, here, arrivals):
        for _ in range(2):
            here.arrive(Mail(ALICE, PROJECT, letter()), THERE)
        arrivals.kept.clear()
        here.arrive(Mail(ALICE, PROJECT, letter()), THERE)
        assert len(world.store.peek((session_box(ALICE),)).messages) == 1

    def test_a_host_whose_session_is_not_believed_is_told_so(self, here, arrivals):
        forged = Mail(ALICE, PROJECT, letter(CAROL))
        assert here.arrive(forged, THERE) == UNKNOWN_SENDER
        here.refuse(forged, THERE)
        ((host, report),) = here.reports()
        assert (host, report.stage, report.reason) == (THERE, "refused", "unknown_sender")

    def test_a_forged_id_changes_nothing_of_the_mail_that_has_it(self, here, arrivals):
        here.arrive(Mail(ALICE, PROJECT, letter()), THERE)
        here.refuse(Mail(ALICE, PROJECT, letter(CAROL)), THIRD)
        kept = arrivals.get(letter().id)
        assert (kept.host, kept.refused) == (THERE, None)

    @pytest.mark.parametrize("host", [THIRD, HERE])
    def test_a_host_speaks_for_its_own_sessions_only(self, here, host):
        assert here.arrive(Mail(ALICE, PROJECT, letter()), host) == UNKNOWN_SENDER
        assert here.arrive(Mail(ALICE, PROJECT, letter(ALICE)), THERE) == UNKNOWN_SENDER

    def test_nobody_elsewhere_is_an_operator_or_lets_mail_through(self, alice, here):
        alice.policies.set_session(ALICE, Policy((Rule("*", HOLD),)))
        mail = letter(origin="operator", extra=(("released", True),))
        here.arrive(Mail(ALICE, PROJECT, mail), THERE)
        assert inbox(alice).messages == ()

    def test_a_policy_holds_or_refuses_and_the_sender_is_told(self, world, alice, here):
        alice.policies.set_session(ALICE, Policy((Rule("bob", HOLD),)))
        here.arrive(Mail(ALICE, PROJECT, letter()), THERE)
        assert len(world.store.peek((held_box(ALICE),)).messages) == 1
        alice.policies.set_session(ALICE, Policy((Rule("bob", REFUSE),)))
        here.arrive(Mail(ALICE, PROJECT, letter(number=2)), THERE)
        told = [(host, r.message_id[-1], r.stage, r.reason) for host, r in here.reports()]
        assert told == [(THERE, "1", "held", None), (THERE, "2", "refused", "policy")]

    @pytest.mark.parametrize(
        ("to", "project", "reason"),
        [(CAROL, PROJECT, "unknown_receiver"), (ALICE, "f" * 32, "cross_project")],
    )
    def test_what_nobody_here_may_get_is_refused(self, here, to, project, reason):
        assert here.arrive(Mail(to, project, letter()), THERE) == SETTLED
        assert [r.reason for _, r in here.reports()] == [reason]

    def test_an_answer_pulls_the_one_that_asked_back(self, world, alice, here):
        sent = send(alice, BOB, "do", action_required=True)
        (mail,) = relay(world)
        (pending,) = world.store.pending_asks(ALICE)
        done = letter(reply_to=pending.request_id, source_message_id=sent.message_id)
        here.arrive(Mail(ALICE, None, done), THERE)
        assert world.store.pending_asks(ALICE) == ()
        assert mail.envelope.request_id == pending.request_id
        assert message_status(alice, sent.message_id).status == "answered"

    def test_a_reply_goes_to_the_host_that_sent(self, world, alice, here):
        here.arrive(Mail(ALICE, PROJECT, letter()), THERE)
        assert reply(alice, letter().id, "back").host == (THERE, "host-b")
        assert [mail.envelope.body for mail in relay(world)] == ["back"]

    def test_work_of_another_host_is_closed_to_it(self, world, alice, here):
        here.arrive(Mail(ALICE, PROJECT, letter(action_required=True, request_id="e" * 16)), THERE)
        done = complete(alice, letter().id, "42")
        (mail,) = relay(world)
        assert done.stored
        assert (mail.to, mail.envelope.body, mail.envelope.reply_to) == (BOB, "42", "e" * 16)


class TestReporting:
    def test_what_was_shown_is_told_once(self, world, alice, here):
        world.waker.status = "skipped_busy"
        here.arrive(Mail(ALICE, PROJECT, letter()), THERE)
        assert here.reports() == ()
        inbox(alice)
        ((host, report),) = here.reports()
        assert (host, report.stage, report.session_id) == (THERE, "shown", ALICE)
        here.told(host, report)
        assert here.reports() == ()

    def test_where_it_stands_in_a_transcript_is_told_after_that(self, alice, here):
        here.arrive(Mail(ALICE, PROJECT, letter()), THERE)
        inbox(alice)
        alice.evidence.found(InContext(letter().id, "/transcript", 7, 1_800_000_009))
        told = [report for _, report in here.reports()]
        assert [(report.stage, report.at) for report in told][1:] == [("in_context", 1_800_000_009)]
        assert "/transcript" not in str(told)

    def test_a_record_is_forgotten_when_nothing_more_is_to_come(self, world, alice, here, arrivals):
        here.arrive(Mail(ALICE, PROJECT, letter()), THERE)
        inbox(alice)
        for host, report in here.reports():
            here.told(host, report)
        world.clock.advance(700)
        here.reports()
        assert arrivals.kept == {}

    def test_a_report_is_believed_of_the_host_that_has_the_message(self, alice, here):
        sent = send(alice, BOB, "x").message_id
        here.reported(Report(sent, "shown", 5, "hook", BOB), THIRD)
        assert message_status(alice, sent).status == "stored"
        here.carried(THERE, [sent])
        assert message_status(alice, sent).status == "carried"
        here.reported(Report(sent, "shown", 5, "hook", BOB), THERE)
        assert message_status(alice, sent).status == "shown"
        here.reported(Report(sent, "in_context", 6), THERE)
        assert message_status(alice, sent).status == "in_context"

    def test_a_stage_of_a_later_version_is_no_proof(self, alice, here):
        sent = send(alice, BOB, "x").message_id
        here.carried(THERE, [sent])
        here.reported(Report(sent, "pondered", 5), THERE)
        assert message_status(alice, sent).status == "carried"

    def test_a_host_describes_its_sessions(self, here):
        host = here.describe()
        assert (host.host_id, host.instance) == (HERE, HERE)
        assert [(s.session_id, s.name, s.project, s.is_live) for s in host.sessions] == [
            (ALICE, "alice", PROJECT, True)
        ]
