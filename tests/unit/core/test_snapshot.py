"""What a fleet looks like, from facts."""

from __future__ import annotations

from itertools import permutations

import pytest

from helpers.fakes import ALICE, BOB, CAROL
from helpers.fleets import (
    IDS,
    NOW,
    RUNNING_TOOL,
    agent,
    ask,
    dead,
    fleet,
    ledger,
    mail,
    one,
    pane,
    work,
)
from oxtail.core.census import Counted
from oxtail.core.entry import Client, Entry
from oxtail.core.envelope import Envelope
from oxtail.core.fleet_facts import Alert, one_per_session
from oxtail.core.history import Record
from oxtail.core.liveness import Life, Liveness, Reason
from oxtail.core.presence import Marker
from oxtail.core.trouble import Kind
from oxtail.core.waits import Orphan, Standing


def kinds(made):
    return [trouble.kind for trouble in made.troubles if trouble.is_open]


# ---------------------------------------------------------------- waits


def test_mutual_delegation_is_no_deadlock_and_fails_no_check():
    made = fleet(
        agent("alice", age=5),
        agent("bob", age=5),
        ledgers={
            ALICE: ledger(work("alice", "a" * 16, of="bob")),
            BOB: ledger(work("bob", "b" * 16, of="alice")),
        },
    )

    assert (made.counts.deadlocks, made.counts.mutual) == (0, 1)
    assert made.healthy
    waiting = one(made, "alice").waits[0]
    assert (waiting.in_cycle, waiting.cycle_all_live, waiting.deadlocked) == (True, True, False)


def test_two_that_are_blocked_on_each_other_are_a_deadlock():
    asks = (ask("alice", "bob", "r1", waited_on=True), ask("bob", "alice", "r2", waited_on=True))
    made = fleet(agent("alice"), agent("bob"), asks=asks)

    assert kinds(made) == [Kind.DEADLOCK]
    assert one(made, "alice").waits[0].deadlocked
    assert not made.healthy


def test_all_waits_of_an_agent_stay_though_the_newest_is_answered():
    asks = (
        ask("alice", "bob", "old", age=900),
        ask("alice", "carol", "older", age=1900),
        ask("alice", "bob", "new", age=10),
    )
    answered = ledger(answered=frozenset({("new", BOB)}))
    made = fleet(agent("alice"), agent("bob"), agent("carol"), asks=asks, ledgers={ALICE: answered})

    assert [each.wait.request_id for each in one(made, "alice").waits] == ["older", "old"]


def test_an_answer_by_somebody_else_ends_no_wait():
    answered = ledger(answered=frozenset({("r", CAROL), ("other", BOB)}))
    made = fleet(
        agent("alice"), agent("bob"), asks=(ask("alice", "bob", "r"),), ledgers={ALICE: answered}
    )
    assert len(one(made, "alice").waits) == 1


def test_a_wait_for_somebody_whose_records_are_gone_stays_an_orphan():
    made = fleet(agent("alice"), asks=(ask("alice", "bob", "r"),))

    (waiting,) = one(made, "alice").waits
    assert (waiting.wait.target, waiting.wait.orphan) == (BOB, Orphan.TARGET_GONE)
    assert kinds(made) == [Kind.ORPHANED_WAIT]


def test_a_record_without_a_target_finds_it_in_the_ledgers():
    asks = (ask("alice", "", "r"),)
    received = ledger(asked=frozenset({("r", ALICE)}))
    assert one(fleet(agent("alice"), agent("bob"), asks=asks), "alice").waits[0].wait.target is None

    made = fleet(agent("alice"), dead("bob"), asks=asks, ledgers={BOB: received})
    (waiting,) = one(made, "alice").waits
    assert (waiting.wait.target, waiting.wait.orphan) == (BOB, Orphan.TARGET_AWAY)


def test_an_unresolved_wait_is_never_an_orphan():
    made = fleet(agent("alice"), asks=(ask("alice", "", "r"),))
    assert (one(made, "alice").waits[0].label, made.healthy) == ("unresolved", True)


def test_a_question_that_somebody_waits_on_now_is_shown():
    made = fleet(agent("alice"), agent("bob"), asks=(ask("alice", "bob", "r", waited_on=True),))
    assert one(made, "alice").as_dict(NOW)["waiting"]["stage"] == "waiting"


def test_a_circle_with_a_dead_member_is_only_possible():
    asks = (ask("alice", "bob", "r1"), ask("bob", "alice", "r2"))
    made = fleet(agent("alice"), dead("bob"), asks=asks)

    assert (made.counts.stale_cycles, made.counts.deadlocks) == (1, 0)
    assert made.as_dict()["cycles"][0]["all_live"] is False


def test_a_chain_is_no_circle():
    asks = (ask("alice", "bob", "r1"), ask("bob", "carol", "r2"))
    made = fleet(agent("alice"), agent("bob"), agent("carol"), asks=asks)
    assert (made.graph.circles, made.healthy) == ((), True)


def test_waits_between_others_are_left_out():
    made = fleet(
        agent("alice"),
        asks=(ask("bob", "carol", "r"),),
        standings={BOB: Standing.RUNNING, CAROL: Standing.RUNNING},
    )
    assert made.graph.waits == ()


def test_a_wait_follows_a_session_to_its_new_id():
    made = fleet(
        agent("alice", ids=(ALICE, "alice-before")),
        agent("bob"),
        heirs={"alice-before": ALICE},
        asks=(ask("bob", "alice-before", "r"),),
        ledgers={"alice-before": ledger(work("alice-before", "e" * 16, of="bob"))},
    )

    assert {each.wait.target for each in one(made, "bob").waits} == {ALICE}
    assert [each.message_id for each in one(made, "alice").obligations] == ["e" * 16]


def test_the_one_wait_of_the_contract_is_the_worst():
    asks = (ask("alice", "bob", "r1", age=900), ask("alice", "carol", "r2", age=5))
    shown = one(fleet(agent("alice"), agent("bob"), dead("carol"), asks=asks), "alice")

    members = shown.as_dict(NOW)
    assert members["waiting"]["target_session_id"] == CAROL
    assert members["waiting"]["orphaned"] is True
    assert [each["target_session_id"] for each in members["waits"]] == [CAROL, BOB]


# ---------------------------------------------------------------- who lives


def entry(pid: int, session_id: str | None, started: int) -> Entry:
    return Entry(pid, started, Client("codex", session_id, None, None, "/project"))


def test_an_agent_lives_while_one_of_its_servers_does():
    older, newer = entry(10, ALICE, 100), entry(11, ALICE, 200)
    counted = (Counted(older, Life.RUNNING, True), Counted(newer, Life.EXITED, True))
    for order in permutations(counted):
        assert [each.entry.server_pid for each in one_per_session(order)] == [10]


def test_of_servers_alike_the_newest_counts_and_the_unclaimed_all_stay():
    counted = [
        Counted(entry(10, ALICE, 100), Life.EXITED, True),
        Counted(entry(11, ALICE, 200), Life.EXITED, True),
        Counted(entry(12, None, 100), Life.RUNNING, True),
        Counted(entry(13, None, 100), Life.RUNNING, True),
        Counted(entry(14, "before", 900), Life.RUNNING, True),
    ]
    for order in permutations(counted):
        chosen = one_per_session(order, {"before": BOB})
        assert {each.entry.server_pid for each in chosen} == {11, 12, 13, 14}
    assert len(one_per_session(counted, {"before": ALICE})) == 3


def test_a_dead_agent_borrows_no_pane_no_tool_and_no_mark():
    left = dead("bob", pane=pane(1, "bob"), pane_busy=True, tool=RUNNING_TOOL, age=1)
    shown = one(fleet(agent("alice", pane=pane(1, "bob")), left, panes_known=True), "bob")

    assert shown.is_dead
    assert (shown.tmux_pane, shown.window_name, shown.tool) == (None, None, None)


def test_a_process_that_took_over_a_pid_is_no_agent_at_every_look():
    for _ in range(3):
        shown = one(fleet(agent("bob", life=Life.REUSED, age=1)), "bob")
        assert shown.verdict.reason is Reason.PID_REUSED
        assert shown.proc_sig == "reused"


def test_an_agent_in_a_long_silent_thought_is_active_by_the_word_of_its_hooks():
    shown = one(fleet(agent("bob", marker=Marker("busy", NOW - 240))), "bob")
    assert (shown.verdict.reason, shown.hooks_say) == (Reason.MARKED_BUSY, "busy")
    shown = one(fleet(agent("bob", marker=Marker("busy", NOW - 700), age=700)), "bob")
    assert (shown.verdict.liveness, shown.hooks_say) == (Liveness.IDLE, "stale")


def test_output_of_a_pane_alone_makes_nobody_active():
    shown = one(fleet(agent("bob", pane=pane(1)), panes_known=True), "bob")
    assert shown.verdict.liveness is Liveness.IDLE
    assert (shown.pane_activity_age_s, shown.pane_activity_at) == (4, int(NOW) - 4)


def test_a_busy_pane_counts_only_where_the_pane_is_proved():
    assert one(fleet(agent("bob", pane_busy=True)), "bob").verdict.reason is Reason.IDLE
    shown = one(fleet(agent("bob", pane_busy=True, pane=pane(1))), "bob")
    assert shown.verdict.reason is Reason.PANE_FRESH


@pytest.mark.parametrize(
    ("facts", "stalled", "awaiting"),
    [
        ({"age": 300}, False, True),
        ({"age": None}, False, False),
        ({"age": 5}, False, False),
        ({"age": 700, "purpose": "x", "purpose_at": int(NOW) - 30}, True, False),
        ({"age": 700, "purpose": "x", "purpose_at": int(NOW) - 900}, False, True),
        (
            {"age": 700, "purpose": "x", "purpose_at": int(NOW) - 30, "tool": RUNNING_TOOL},
            True,
            False,
        ),
        ({"age": 700, "tool": RUNNING_TOOL}, False, False),
    ],
)
def test_who_awaits_a_person_and_who_may_be_stuck(facts, stalled, awaiting):
    shown = one(fleet(agent("bob", **facts)), "bob")
    assert (shown.possibly_stalled, shown.awaiting_human) == (stalled, awaiting)


def test_whoever_waits_for_a_peer_awaits_no_person():
    made = fleet(agent("alice"), agent("bob"), asks=(ask("alice", "bob", "r"),))
    assert (one(made, "alice").awaiting_human, one(made, "bob").awaiting_human) == (False, True)


def test_a_purpose_older_than_the_work_is_marked():
    old = agent("bob", age=10, purpose="x", purpose_at=int(NOW) - 131)
    assert one(fleet(old), "bob").purpose_stale
    assert not one(fleet(old._replace(purpose_at=int(NOW) - 130)), "bob").purpose_stale


# ---------------------------------------------------------------- mail and work


def test_unread_is_counted_once_over_all_boxes():
    shown = one(fleet(agent("bob", boxes=(mail("a", "b"), mail("b", "c")))), "bob")
    assert (shown.unread, shown.unread_sure) == (3, True)


def test_a_box_that_cannot_be_read_makes_the_count_less_sure():
    shown = one(fleet(agent("bob", boxes=(mail("a", "b", is_sure=False),))), "bob")
    assert shown.as_dict(NOW)["unread_confidence"] == "low"
    assert shown.unread == 2


def test_obligations_come_with_their_deadlines():
    owed = ledger(work("bob", "a" * 16, due=int(NOW) - 1), work("bob", "b" * 16, due=int(NOW) + 9))
    made = fleet(agent("alice"), agent("bob"), ledgers={BOB: owed})

    shown = one(made, "bob")
    assert [each.overdue for each in shown.obligations] == [True, False]
    assert [each.requester_label for each in shown.obligations] == ["alice", "alice"]
    assert (made.counts.overdue, made.healthy) == (1, True)
    assert "overdue" in [remark.kind for remark in made.attention]


# ---------------------------------------------------------------- trouble, and knowing of it


def stranded(*letters: str, **facts):
    return fleet(
        agent("alice"),
        dead("bob", boxes=(mail(*letters),)),
        ledgers={BOB: ledger(work("bob", "f" * 16, of="carol"))},
        standings={CAROL: Standing.RUNNING},
        **facts,
    )


def keys(made):
    return frozenset(part.key for trouble in made.troubles for part in trouble.parts)


def test_work_and_mail_of_the_dead_are_stranded():
    made = stranded("a", "b")

    assert kinds(made) == [Kind.ORPHANED_WAIT, Kind.STRANDED_WORK, Kind.STRANDED_MAIL]
    counts = made.counts
    assert (counts.stranded, counts.stranded_owners) == (1, 1)
    assert (counts.stranded_mail, counts.stranded_mail_owners) == (2, 1)


def test_what_a_person_knows_of_fails_no_check_until_there_is_more():
    known = keys(stranded("a", "b"))

    made = stranded("a", "b", acknowledged=known)
    assert made.healthy
    assert made.counts.acknowledged == 4
    assert [remark.level for remark in made.attention if remark.level == "bad"] == []

    assert stranded("a", acknowledged=known).healthy
    more = stranded("a", "b", "c", acknowledged=known)
    assert not more.healthy
    assert [remark.text for remark in more.attention if remark.kind == "stranded_mail"] == [
        "1 stranded message"
    ]


def test_a_deadlock_of_the_same_sessions_with_other_questions_is_new():
    def locked(first: str, **facts):
        asks = (
            ask("alice", "bob", first, waited_on=True),
            ask("bob", "alice", "r", waited_on=True),
        )
        return fleet(agent("alice"), agent("bob"), asks=asks, **facts)

    known = keys(locked("q1"))
    assert locked("q1", acknowledged=known).healthy
    assert not locked("q2", acknowledged=known).healthy


def test_hints_and_those_who_await_a_person_fail_no_check():
    made = fleet(
        agent("alice", age=700, purpose="x", purpose_at=int(NOW) - 30),
        agent("bob"),
        ledgers={BOB: ledger(work("bob", "a" * 16))},
        asks=(),
    )
    assert made.healthy
    assert [remark.kind for remark in made.attention] == ["awaiting"]


def test_silence_is_seen_to_be_checked():
    (remark,) = fleet(agent("bob", age=5)).attention
    assert (remark.level, remark.text) == ("fine", "nominal, 1 active")
    assert fleet().attention == ()


def test_only_some_who_await_are_named():
    names = [f"a{i}" for i in range(5)]
    made = fleet(*(agent(name) for name in names))
    (remark,) = made.attention
    assert remark.text == "awaiting you: a0, a1, a2 +2 more"


# ---------------------------------------------------------------- order, background, labels


def test_the_dead_come_last_and_rows_keep_their_windows():
    made = fleet(
        dead("dave"),
        agent("carol", age=1),
        agent("bob", pane=pane(2, index=2), age=1),
        agent("alice", pane=pane(1, index=10)),
    )
    assert [each.label for each in made.agents] == ["bob", "alice", "carol", "dave"]


def test_a_state_moves_no_row():
    def rows(age: int):
        made = fleet(
            *(agent(name, pane=pane(i)) for i, name in enumerate(IDS)), agent("x", age=age)
        )
        return [each.key for each in made.agents]

    assert rows(1) == rows(5000)


def test_who_runs_outside_every_pane_is_in_the_background():
    made = fleet(agent("alice", pane=pane(1)), agent("bob"), dead("carol"), panes_known=True)
    assert [each.label for each in made.agents] == ["alice", "carol"]
    assert [each.label for each in made.background] == ["bob"]
    assert (made.counts.agents, made.counts.background) == (2, 1)


@pytest.mark.parametrize(
    ("others", "facts"),
    [
        ((agent("alice", pane=pane(1)),), {"panes_known": False}),
        ((), {"panes_known": True}),
        (
            (agent("alice", pane=pane(1)),),
            {"panes_known": True, "asks": (ask("bob", "alice", "r"),)},
        ),
    ],
)
def test_nobody_is_hidden_without_reason(others, facts):
    made = fleet(*others, agent("bob"), **facts)
    assert made.background == ()


def test_a_record_is_shown_only_while_something_is_left_to_see():
    record = dead("bob", server_pid=None)
    assert fleet(record).agents == ()
    assert len(fleet(record._replace(boxes=(mail("a"),))).agents) == 1
    assert len(fleet(record, ledgers={BOB: ledger(work("bob", "a" * 16))}).agents) == 1
    made = fleet(agent("alice"), record, asks=(ask("alice", "bob", "r"),))
    assert [each.label for each in made.agents] == ["alice", "bob"]


def test_each_label_is_given_once():
    made = fleet(
        agent("same-0001", name="same"),
        agent("same-0002", name="same"),
        agent("same-00021", name="same"),
        agent("x", session_id=None, server_pid=7, name=None),
        agent("y", session_id=None, server_pid=8, name=None),
        agent("11111111-aaaa", name=None),
        agent("11111111-bbbb", name=None),
    )
    labels = [each.label for each in made.agents]
    assert len(set(labels)) == len(labels) == 7
    assert {"pid:7", "pid:8"} < set(labels)


def test_an_agent_is_called_by_its_window_where_it_has_no_name():
    made = fleet(agent("bob", name=None, pane=pane(1, "builder")))
    assert [each.label for each in made.agents] == ["builder"]


# ---------------------------------------------------------------- what was said


def record(message_id: str, receiver: str, at: int = 0, **members) -> Record:
    members.setdefault("from_session_id", ALICE)
    return Record(receiver, "", Envelope(message_id, "hi", int(NOW) + at, **members))


def test_the_log_joins_all_ledgers_and_shows_each_message_once():
    made = fleet(
        agent("alice"),
        agent("bob"),
        records=(record("b", BOB, 2), record("a", BOB, 1), record("b", CAROL, 2)),
    )
    assert [line.message_id for line in made.comms] == ["a", "b"]
    assert [line.sender_label for line in made.comms] == ["alice", "alice"]


def test_the_log_holds_mail_of_the_background_and_of_those_without_an_id():
    made = fleet(
        agent("alice", pane=pane(1)),
        agent("bob"),
        agent("x", session_id=None, server_pid=7, name=None),
        panes_known=True,
        records=(record("a", BOB),),
        unclaimed=(("pid:7", Envelope("b", "for you", int(NOW))),),
    )
    shown = [(line["to_label"], line["body"]) for line in made.as_dict(comms=True)["comms"]]
    assert shown == [("bob", "hi"), ("pid:7", "for you")]


def test_only_provenance_makes_an_operator():
    made = fleet(
        agent("bob"),
        records=(
            record("a", BOB, 1, origin="operator", from_session_id=None),
            record("b", BOB, 2, from_session_id=None),
            record("c", BOB, 3, from_session_id="operator"),
        ),
    )
    assert [line.sender_label for line in made.comms] == ["operator", "unknown", "session operator"]
    assert [line.origin for line in made.comms] == ["operator", "peer", "peer"]


# ---------------------------------------------------------------- findings, text


def test_a_finding_goes_to_the_agent_whose_file_it_is_about():
    mine = Alert("box", "wrong", "bad\x1b[2J", "rm it", "/home/me/.oxtail/mailboxes/s-b.jsonl")
    other = Alert("home", "wrong", "full", "make room")
    made = fleet(agent("bob", files=frozenset({"s-b.jsonl"})), findings=(mine, other))

    assert [each.problem for each in one(made, "bob").findings] == ["bad[2J"]
    assert [each.check for each in made.findings] == ["home"]


def test_no_text_of_others_steers_a_screen():
    evil = "a\x1b]0;x\x07\u202eb\u200b\r\nc"
    made = fleet(
        agent("bob", name=evil, purpose=evil, purpose_at=1, pane=pane(1, evil), cwd="/" + evil),
        agent("carol", name=None, pane=pane(2, evil)),
        records=(record("a", BOB)._replace(message=Envelope("a", evil, 1)),),
        ledgers={BOB: ledger(work("bob", "a" * 16, body=evil))},
        warnings=(evil,),
    )
    for shown in made.agents:
        for text in (shown.label, shown.name, shown.purpose, shown.window_name, shown.cwd):
            assert text is None or text.isprintable()
        assert all(each.text.isprintable() for each in shown.obligations)
    assert made.comms[0].body == "a]0;xb\nc"
    assert made.warnings[0].isprintable()
