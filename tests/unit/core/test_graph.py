"""Who waits for whom, and which of these waits nobody can end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oxtail.core.correlation import Ask, OpenAsk
from oxtail.core.drawing import draw, span
from oxtail.core.envelope import Envelope
from oxtail.core.graph import CircleKind, Graph, build
from oxtail.core.waits import Kind, Orphan, Stage, Standing
from oxtail.core.work import Owed, State

NOW = 1_800_000_000
RUNNING = dict.fromkeys("abcdef", Standing.RUNNING)


def asks(
    waiter: str, target: str, *, waited_on: bool = True, age: int = 10, attempts: int = 0
) -> OpenAsk:
    at = NOW - age
    ask = Ask(waiter, f"r-{waiter}{target}", target, f"m-{waiter}{target}", NOW - 99, at * 1000)
    return OpenAsk(ask, waited_on, at, attempts)


def gave(
    waiter: str, target: str, *, deadline: int | None = None, state: State = State.OPEN
) -> Owed:
    message = Envelope(
        f"w-{waiter}{target}",
        "do it",
        NOW - 60,
        from_session_id=waiter,
        request_id=f"r-{waiter}{target}",
        action_required=True,
        extra=(("deadline", deadline),) if deadline is not None else (),
    )
    return Owed(target, message, True, state)


def graph_of(*facts: Any, standings: dict[str, Standing] | None = None, **more: Any) -> Graph:
    return build(
        NOW,
        [fact for fact in facts if isinstance(fact, OpenAsk)],
        [fact for fact in facts if isinstance(fact, Owed)],
        RUNNING if standings is None else standings,
        **more,
    )


def circles(graph: Graph) -> list[tuple[str, str]]:
    return [(each.kind.value, "".join(each.members)) for each in graph.circles]


def test_nobody_waits_for_anybody() -> None:
    graph = graph_of()

    assert graph.waits == graph.circles == graph.sessions == ()
    assert draw(graph, str) == "nobody waits for anybody"


def test_a_chain_of_questions_is_no_deadlock() -> None:
    graph = graph_of(asks("a", "b"), asks("b", "c"))

    assert [(w.waiter, w.target, w.stage) for w in graph.waits] == [
        ("a", "b", Stage.WAITING),
        ("b", "c", Stage.WAITING),
    ]
    assert circles(graph) == []
    assert graph.deadlocked == ()


def test_two_that_wait_for_each_other_now_are_deadlocked() -> None:
    graph = graph_of(asks("b", "a"), asks("a", "b"), asks("c", "a"))

    assert circles(graph) == [("deadlock", "ab")]
    assert graph.deadlocked == ("a", "b")


def test_questions_that_nobody_waits_on_now_block_nobody() -> None:
    graph = graph_of(asks("a", "b"), asks("b", "a", waited_on=False))

    assert circles(graph) == [("mutual", "ab")]
    assert graph.deadlocked == ()


def test_two_that_gave_each_other_work_are_not_deadlocked() -> None:
    graph = graph_of(gave("a", "b"), gave("b", "a"))

    assert circles(graph) == [("mutual", "ab")]
    assert {wait.kind for wait in graph.waits} == {Kind.WORK}


def test_a_question_back_to_whoever_gave_the_work_is_no_deadlock() -> None:
    assert circles(graph_of(gave("a", "b"), asks("b", "a"))) == [("mutual", "ab")]


def test_a_deadlock_stays_one_where_its_members_also_gave_each_other_work() -> None:
    graph = graph_of(asks("a", "b"), asks("b", "a"), gave("a", "b"), gave("b", "a"))

    assert circles(graph) == [("deadlock", "ab")]


def test_a_circle_with_a_session_that_does_not_run_is_stale() -> None:
    facts = (asks("a", "b"), asks("b", "a", waited_on=False))
    graph = graph_of(*facts, standings={"a": Standing.RUNNING, "b": Standing.AWAY})

    assert circles(graph) == [("stale", "ab")]


def test_each_circle_of_a_knot_is_shown() -> None:
    graph = graph_of(asks("a", "b"), asks("b", "a"), asks("b", "c"), asks("c", "b"))

    assert circles(graph) == [("deadlock", "ab"), ("deadlock", "bc")]


def test_all_waits_of_a_session_count() -> None:
    graph = graph_of(asks("a", "b"), asks("a", "c"), asks("c", "a"))

    assert circles(graph) == [("deadlock", "ac")]


def test_whoever_waits_now_runs_whatever_the_registry_says() -> None:
    graph = graph_of(asks("a", "b"), asks("b", "a"), standings={})

    assert circles(graph) == [("deadlock", "ab")]
    assert graph.orphans == ()


@pytest.mark.parametrize(
    ("waiter", "target", "orphan"),
    [
        (Standing.RUNNING, Standing.RUNNING, None),
        (Standing.RUNNING, Standing.AWAY, Orphan.TARGET_AWAY),
        (Standing.RUNNING, Standing.GONE, Orphan.TARGET_GONE),
        (Standing.AWAY, Standing.RUNNING, None),
        (Standing.AWAY, Standing.AWAY, Orphan.TARGET_AWAY),
        (Standing.GONE, Standing.RUNNING, Orphan.ASKER_GONE),
        (Standing.GONE, Standing.AWAY, Orphan.ASKER_GONE),
        (Standing.GONE, Standing.GONE, Orphan.TARGET_GONE),
    ],
)
def test_a_wait_that_nobody_will_end_is_an_orphan(
    waiter: Standing, target: Standing, orphan: Orphan | None
) -> None:
    standings = {"a": waiter, "b": target}
    for fact in (asks("a", "b", waited_on=False), gave("a", "b")):
        (wait,) = graph_of(fact, standings=standings).waits
        assert wait.orphan is orphan


def test_a_record_that_names_no_target_is_kept_and_is_in_no_circle() -> None:
    (wait,) = graph_of(asks("a", "", waited_on=False)).waits

    assert (wait.waiter, wait.target, wait.orphan) == ("a", None, None)


def test_a_forged_record_of_a_session_that_waits_for_itself_is_left_out() -> None:
    graph = graph_of(asks("a", "a"), asks("", "b"), gave("c", "c"))

    assert graph.waits == ()


def test_the_pending_ask_of_a_delegation_is_the_same_wait_as_the_work() -> None:
    work = gave("a", "b")
    expectation = asks("a", "b", waited_on=False, attempts=2)
    expectation = expectation._replace(ask=expectation.ask._replace(message_id=work.message.id))
    (wait,) = graph_of(work, expectation).waits

    assert (wait.kind, wait.stage, wait.attempts) == (Kind.WORK, Stage.OPEN, 2)


def test_work_is_overdue_after_its_deadline_and_not_before() -> None:
    graph = graph_of(
        gave("a", "b", deadline=NOW - 1),
        gave("a", "c", deadline=NOW + 1),
        gave("a", "d"),
    )

    assert [wait.target for wait in graph.overdue] == ["b"]


def test_work_that_has_ended_is_no_wait() -> None:
    assert graph_of(gave("a", "b", state=State.DONE)).waits == ()
    (wait,) = graph_of(gave("a", "b", state=State.CLOSING)).waits
    assert wait.stage is Stage.CLOSING


def test_a_message_that_is_no_work_is_no_wait() -> None:
    assert graph_of(gave("a", "b")._replace(is_work=False)).waits == ()


def test_more_circles_than_can_be_read_are_not_listed_but_their_members_are() -> None:
    hub = [f"s{n:03}" for n in range(80)]
    facts = [fact for each in hub for fact in (asks("hub", each), asks(each, "hub"))]
    graph = graph_of(*facts)

    assert len(graph.circles) == 50
    assert set(graph.deadlocked) == {"hub", *hub}


def test_a_long_chain_is_followed_to_its_end() -> None:
    names = [f"s{n:05}" for n in range(3000)]
    facts = [asks(*pair) for pair in zip(names, [*names[1:], names[0]], strict=True)]
    graph = graph_of(*facts)

    assert [len(each.members) for each in graph.deadlocks] == [3000]
    assert draw(graph, str).count("\n") > 3000


def test_the_json_form_is_pinned() -> None:
    graph = graph_of(
        asks("a", "b"), asks("b", "a"), gave("c", "a", deadline=NOW - 5), names={"a": "planner"}
    )
    members = json.loads(json.dumps(graph.as_dict()))

    assert list(members) == [
        "schema_version",
        "at",
        "sessions",
        "waits",
        "circles",
        "counts",
        "truncated",
    ]
    assert members["sessions"][0] == {
        "session_id": "a",
        "short_id": "a",
        "name": "planner",
        "standing": "running",
        "deadlocked": True,
    }
    assert members["waits"][2] == {
        "from_session_id": "c",
        "to_session_id": "a",
        "kind": "work",
        "stage": "open",
        "request_id": "r-ca",
        "message_id": "w-ca",
        "since": NOW - 60,
        "age_seconds": 60,
        "deadline": NOW - 5,
        "overdue": True,
        "attempts": 0,
        "orphaned": None,
    }
    assert members["circles"] == [{"kind": "deadlock", "members": ["a", "b"]}]
    counts = {"waits": 3, "deadlocks": 1, "orphaned": 0, "overdue": 1, "held": 0}
    assert members["counts"] == counts


def test_the_drawing_says_what_is_wrong_first() -> None:
    graph = graph_of(
        asks("a", "b"),
        asks("b", "a", age=120),
        gave("c", "a", deadline=NOW - 7200),
        asks("c", "x", waited_on=False, attempts=2),
    )

    assert draw(graph, str.upper).split("\n") == [
        "4 waits, 1 deadlock, 1 orphaned, 1 overdue",
        "deadlock: A -> B -> A; each waits for the next, and none can answer",
        "",
        "C",
        "|- gave work to A, 1 m, overdue by 2 h [w-ca]",
        "|  `- waits for an answer of B, 10 s [m-ab]",
        "|     `- waits for an answer of A, 2 m, see there [m-ba]",
        "`- asked X, unanswered, 10 s, woken again 2x, ORPHANED: it is gone [m-cx]",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (59, "59 s"), (60, "1 m"), (3_599, "59 m"), (3_600, "1 h"), (90_000, "1 d")],
)
def test_a_span_is_told_in_its_largest_unit(seconds: int, text: str) -> None:
    assert span(seconds) == text


def test_every_kind_of_circle_and_orphan_can_be_drawn() -> None:
    standings = {"a": Standing.RUNNING, "b": Standing.AWAY, "d": Standing.RUNNING}
    text = draw(
        graph_of(
            gave("a", "b"),
            gave("b", "a", state=State.CLOSING),
            gave("c", "a"),
            asks("a", "", waited_on=False),
            gave("a", "d"),
            gave("d", "a"),
            standings=standings,
            truncated=True,
        ),
        str,
    )

    for words in ("stale: ", "mutual: ", "ORPHANED: it does not run", "nobody takes the answer"):
        assert words in text
    assert "(not running)" in text
    assert "does not name" in text
    assert {kind.value for kind in CircleKind} == {"deadlock", "mutual", "stale"}
