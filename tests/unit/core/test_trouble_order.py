"""Who needs somebody most, at each of the bounds."""

from __future__ import annotations

from helpers.fakes import ALICE, BOB, CAROL
from helpers.fleets import NOW, agent, ask, dead, fleet, ledger, mail, work
from helpers.scenes import DAVE, ERIN, troubled
from oxtail.core.fleet import Fleet
from oxtail.core.trouble_order import Need, needs, trouble_first


def found(made: Fleet) -> dict[str, Need]:
    return needs(made.agents, made.troubles)


def test_the_worst_about_an_agent_counts():
    assert found(troubled()) == {
        ALICE: Need.DEADLOCK,
        BOB: Need.DEADLOCK,
        CAROL: Need.ORPHAN,
        DAVE: Need.ORPHAN,
        ERIN: Need.NOTHING,
    }


def test_stranded_and_overdue_work_come_before_who_awaits_a_person():
    made = fleet(
        agent("alice", age=300),
        agent("bob", age=1),
        agent(ERIN, age=1),
        dead("carol", boxes=(mail("a" * 16),)),
        dead(DAVE),
        ledgers={BOB: ledger(work("bob", "b" * 16, of=ERIN, due=int(NOW) - 1))},
    )
    assert found(made) == {
        ALICE: Need.AWAITING, BOB: Need.STRANDED, CAROL: Need.STRANDED, DAVE: Need.NOTHING,
        ERIN: Need.NOTHING,
    }  # fmt: skip
    assert [each.key for each in trouble_first(made.agents, made.troubles)] == [
        BOB, CAROL, ALICE, ERIN, DAVE,
    ]  # fmt: skip


def test_work_that_is_due_later_and_what_a_person_knows_of_count_not():
    facts = {
        "ledgers": {BOB: ledger(work("bob", "b" * 16, due=int(NOW) + 1))},
        "asks": (ask("alice", "carol", "1"),),
    }
    agents = (agent("alice"), agent("bob", age=1), dead("carol"))
    wrong = fleet(*agents, **facts)
    assert found(wrong) == {ALICE: Need.ORPHAN, BOB: Need.NOTHING, CAROL: Need.ORPHAN}
    known = frozenset(part.key for trouble in wrong.troubles for part in trouble.parts)
    made = fleet(*agents, acknowledged=known, **facts)
    assert set(found(made).values()) == {Need.NOTHING}
    assert trouble_first(made.agents, made.troubles) == made.agents
