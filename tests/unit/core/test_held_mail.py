"""What policies hold, as a fleet shows it: no trouble, and something for a person to do."""

from __future__ import annotations

from helpers.fakes import ALICE, BOB, CAROL
from helpers.fleets import NOW, agent, ask, dead, fleet, ledger, mail, one, pane, work
from oxtail.cli.fleet_table import table
from oxtail.cockpit.shapes.agents import table as agents_table
from oxtail.cockpit.shapes.head import waiting
from oxtail.cockpit.shapes.strip import header, strip
from oxtail.cockpit.shapes.view import View, settled
from oxtail.core.census import BoxView, Letter
from oxtail.core.fleet_words import badges
from oxtail.core.trouble_order import Need, needs
from oxtail.core.waits import Kind, Stage

FIRST, SECOND = f"{1:0>16}", f"{2:0>16}"


def said(made, name):
    return [each.text for each in badges(one(made, name), made.at)]


def test_held_messages_are_counted_and_are_no_trouble():
    made = fleet(agent("alice", age=1), agent("bob", age=1), held={BOB: mail("a" * 16, "b" * 16)})
    assert one(made, "bob").held == 2
    assert one(made, "bob").unread == 0
    assert said(made, "bob") == ["held 2"]
    assert made.healthy
    assert made.counts.held == 2
    assert [(each.level, each.kind, each.text) for each in made.attention] == [
        ("you", "held", "2 held messages: oxtail policy")
    ]
    assert "2 held" in header(made, NOW, 100).text
    assert needs(made.agents, made.troubles) == {ALICE: Need.NOTHING, BOB: Need.AWAITING}


def test_held_mail_of_an_earlier_id_and_of_a_record_is_seen_once():
    twice = {"old": mail("a" * 16), BOB: mail("a" * 16)}
    made = fleet(dead("bob", server_pid=None, ids=(BOB, "old")), held=twice)
    assert one(made, "bob").held == 1
    assert made.attention[0].text == "1 held message: oxtail policy"
    assert fleet(dead("bob", server_pid=None)).agents == ()


def test_no_line_that_stands_for_several_agents_hides_what_is_held():
    made = fleet(
        agent("alice", age=1, pane=pane(1)),
        dead("bob", boxes=(mail("a" * 16),)),
        agent("carol", boxes=(mail("d" * 16, is_sure=False),)),
        panes_known=True,
        held={BOB: mail("b" * 16, "c" * 16), CAROL: mail("e" * 16)},
        ledgers={CAROL: ledger(work("carol", "f" * 16, due=int(NOW) - 1))},
    )
    view = settled(View(), made)
    dead_said, behind_said = "1 dead, mail 1, held 2", "mail 1?, held 1, owes 1 (1 overdue)"
    rows = [each.text for each in agents_table(made, view, 90, 20, 0)[0]]
    assert any(dead_said in each for each in rows), rows
    assert any(f"1 in the background, {behind_said}" in each for each in rows), rows
    assert any(dead_said in each.text for each in strip(made, view, 90, 8, 0)[0])
    assert f"+ 1 in the background, {behind_said}: carol" in table(made, 100)


def test_a_wait_for_held_work_is_held_and_keeps_its_deadline():
    letter = Letter(FIRST, int(NOW) - 60, ALICE, action_required=True, deadline=int(NOW) - 1)
    made = fleet(
        agent("alice"),
        agent("bob"),
        asks=(ask("alice", "bob", "1"), ask("alice", "bob", "2")),
        held={BOB: BoxView((letter,))},
    )
    first, second = one(made, "alice").waits
    assert (first.wait.message_id, first.wait.stage) == (FIRST, Stage.HELD)
    assert (first.wait.kind, first.wait.overdue) == (Kind.WORK, True)
    assert (second.wait.message_id, second.wait.stage) == (SECOND, Stage.PENDING)
    assert "waits bob 1m held +1" in said(made, "alice")
    lines = [each.text for each in waiting(made, 100, 20)]
    assert any(each.endswith("held until a person lets it through") for each in lines)
    assert sum("held" in each for each in lines) == 1
