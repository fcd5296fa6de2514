"""The table of a fleet: what stands where, and that it fits the terminal."""

from __future__ import annotations

import pytest

from helpers.fakes import ALICE, BOB, CAROL
from helpers.fleets import NOW, agent, ask, dead, fleet, ledger, mail, one, pane, work
from oxtail.cli.fleet_table import WIDTH_MIN, table
from oxtail.core.activity import Family, Tool
from oxtail.core.envelope import Envelope
from oxtail.core.fleet_facts import Alert
from oxtail.core.fleet_words import age, badges, state
from oxtail.core.history import Record
from oxtail.core.liveness import Life
from oxtail.core.plain import columns
from oxtail.core.presence import Marker

GREP = Tool("Grep", Family.SEARCH, True)


def troubled():
    return fleet(
        agent("alice", age=5, is_self=True, tool=GREP, purpose="parse it"),
        agent("bob", age=300, boxes=(mail("a", "b", is_sure=False),)),
        dead("carol", boxes=(mail("c"),)),
        ledgers={BOB: ledger(work("bob", "a" * 16, due=int(NOW) - 60), work("bob", "b" * 16))},
        asks=(ask("alice", "carol", "r", age=120), ask("alice", "bob", "r2", age=60)),
        warnings=("tmux could not be asked",),
    )


def healthy():
    return fleet(
        agent("alice", age=5, pane=pane(1, "main"), purpose="write"),
        agent("bob", age=90, pane=pane(2, "side")),
        agent("carol", age=90, boxes=(mail("a"),)),
        panes_known=True,
        project_root="/home/me/app",
    )


def test_a_fleet_in_trouble_at_120_columns():
    assert table(troubled(), 120).split("\n") == [
        "project: 3 agents, 1 active",
        "! 1 wait nobody will end | 1 stranded message | 1 overdue | awaiting you: bob",
        "● alice*         claude active 5s        search…  waits carol (not running) +3  parse it",
        "○ bob            claude idle 5m          mail 2?  owes 2 (1 overdue)",
        "× carol          claude dead, gone       mail 1",  # noqa: RUF001
        "waits:",
        "  alice awaits an answer of bob, 1m",
        "  alice awaits work of bob, 1m, overdue 1m",
        "  alice awaits work of bob, 1m",
        "  alice awaits an answer of carol, 2m, not running",
        "wrong (oxtail status --ack, once you know of it):",
        "  alice waits for carol, who does not run",
        "  carol does not run and has 1 unread",
        "warning: tmux could not be asked",
    ]


def test_a_healthy_fleet_at_80_columns():
    assert table(healthy(), 80).split("\n") == [
        "app: 2 agents, 1 active, +1 in the background",
        "awaiting you: bob, carol",
        "● alice          claude active 5s        write",
        "○ bob            claude idle 1m",
        "+ 1 in the background, mail 1: carol",
    ]


def test_what_needs_a_person_takes_the_lines_that_it_needs():
    assert table(troubled(), 40).split("\n")[1:4] == [
        "! 1 wait nobody will end",
        "1 stranded message | 1 overdue",
        "awaiting you: bob",
    ]


def test_an_empty_fleet_says_so():
    assert table(fleet(), 80) == "project: no agents in this project"
    assert table(fleet(project_root=None), 80) == "all projects: no agents"


@pytest.mark.parametrize("width", [1, 40, 79, 80, 100, 120, 300])
def test_no_line_is_wider_than_the_terminal(width):
    wide = "日本語のとても長い名前" * 9
    made = fleet(
        agent("alice", name=wide, purpose=wide),
        agent("bob", purpose="x" * 500),
        records=(Record(BOB, "", Envelope("a" * 16, wide * 9, int(NOW), from_session_id=ALICE)),),
        asks=(ask("alice", "bob", "r"),),
    )
    for shown in (made, troubled(), healthy()):
        for line in table(shown, width, log=True).split("\n"):
            assert columns(line) <= max(width, WIDTH_MIN)


def test_the_log_says_who_told_whom_and_what_kind_of_message_it_is():
    def record(message_id: str, at: int, **members):
        members.setdefault("from_session_id", ALICE)
        outcome = members.pop("outcome", None)
        message = Envelope(message_id, "two\nlines", int(NOW) + at, **members)
        return Record(BOB, "", message, outcome)

    made = fleet(
        agent("alice"),
        agent("bob"),
        records=(
            record("a", 1),
            record("b", 2, request_id="r"),
            record("c", 3, reply_to="r"),
            record("d", 4, action_required=True, outcome="done"),
            record("e", 5, origin="operator", from_session_id=None),
        ),
    )
    lines = table(made, 100, log=True).split("\n")[-5:]
    assert [line.split(" ", 3)[3] for line in lines] == [
        "alice -> bob: two lines",
        "alice -> bob: [question] two lines",
        "alice -> bob: [reply] two lines",
        "alice -> bob: [work, done] two lines",
        "operator => bob: two lines",
    ]
    assert "no messages" in table(fleet(agent("bob")), 100, log=True)


def test_what_doctor_found_is_shown_with_its_agent():
    found = Alert("box", "wrong", "cannot be read", "rm it", "/x/s-b.jsonl")
    note = Alert("tmux", "note", "not installed", "install it")
    made = fleet(agent("bob", files=frozenset({"s-b.jsonl"})), findings=(found, note))
    assert table(made, 100).split("\n")[-2:] == ["doctor:", "  wrong: bob: cannot be read"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "—"), (-5, "0s"), (0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"),
     (86_399, "23h"), (86_400, "1d"), (9_999_999, "115d")],
)  # fmt: skip
def test_an_age_is_rounded_down(seconds, text):
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"age": 5}, "active 5s"),
        ({"age": 125}, "idle 2m"),
        ({"age": None}, "idle, no log"),
        ({"age": 125, "tool": GREP}, "active tool 2m"),
        ({"age": 125, "marker": Marker("busy", NOW - 9)}, "active hook 2m"),
        ({"age": 125, "pane": pane(1), "pane_busy": True}, "active pane 2m"),
        ({"life": Life.EXITED}, "dead, gone"),
        ({"life": Life.REUSED}, "dead, reused"),
    ],
)
def test_a_state_comes_with_its_age_and_fits_its_column(facts, text):
    assert state(one(fleet(agent("bob", **facts)), "bob")) == text
    assert len(text) <= 15


def test_badges_say_the_worst_wait_and_count_the_others():
    def said(*asks, other=agent):
        made = fleet(agent("alice"), agent("bob"), other("carol"), asks=asks)
        return badges(one(made, "alice"), NOW)[-1].text

    assert said(ask("alice", "bob", "r", age=120)) == "waits bob 2m"
    woken = ask("alice", "bob", "r", age=120)._replace(attempts=2)
    assert said(woken, ask("alice", "bob", "s")) == "waits bob 2m x2 +1"
    assert said(ask("alice", "carol", "r"), other=dead) == "waits carol (not running)"
    locked = (ask("alice", "bob", "r", waited_on=True), ask("bob", "alice", "s", waited_on=True))
    assert said(*locked) == "DEADLOCK bob"
    assert CAROL


def test_people_and_programs_read_the_same_log():
    records = [
        Record(owner, "", Envelope(f"{n:016x}", f"text {n}", int(NOW) + n % 7))
        for n, owner in enumerate([BOB, CAROL] * 60)
    ]
    made = fleet(
        agent("alice", pane=pane(1)),
        agent("bob", pane=pane(2)),
        agent("carol"),
        agent("x", session_id=None, server_pid=7, name=None),
        panes_known=True,
        records=tuple(records),
        unclaimed=(("pid:7", Envelope("f" * 16, "for you", int(NOW) + 3)),),
    )
    assert [each.label for each in made.background] == ["carol", "pid:7"]

    shown = [(line["to_label"], line["body"]) for line in made.as_dict(comms=True)["comms"]]
    lines = table(made, 100, log=True).split("\n")
    first = lines.index("the latest messages (no audit log):") + 1
    told = [line.split(" -> ")[1].split(": ", 1) for line in lines[first : first + len(shown)]]
    assert [tuple(each) for each in told] == shown
    assert len(shown) == 121
    times = [line["at"] for line in made.as_dict(comms=True)["comms"]]
    assert times == sorted(times)
