"""The order of the agents on the screen, stable or trouble first."""

from __future__ import annotations

from helpers.cockpits import driven, play
from helpers.fakes import ALICE, BOB, CAROL
from helpers.fleets import agent, ask, dead, fleet
from oxtail.cockpit.shapes.head import head
from oxtail.cockpit.shapes.view import View, listed, next_in_trouble


def later_in_trouble():
    return fleet(
        agent("alice", age=1),
        agent("bob", age=1),
        dead("carol"),
        asks=(ask("bob", "carol", "1"),),
    )


def keys(**chosen: bool) -> list[str]:
    return [each.key for each in listed(later_in_trouble(), View(**chosen))]


def test_trouble_comes_first_and_the_dead_stay_folded():
    assert keys() == [ALICE, BOB]
    assert keys(trouble_first=True) == [BOB, ALICE]
    assert keys(folds_dead=False) == [ALICE, BOB, CAROL]
    assert keys(folds_dead=False, trouble_first=True) == [BOB, CAROL, ALICE]


def test_those_in_the_background_stay_below():
    made = later_in_trouble()
    made = made._replace(agents=made.agents[:1], background=made.agents[1:])
    view = View(trouble_first=True, shows_background=True, folds_dead=False)
    assert [each.key for each in listed(made, view)] == [ALICE, BOB, CAROL]


def test_the_next_in_trouble_is_the_next_that_is_seen():
    view = View(selected=ALICE, folds_dead=False)
    assert next_in_trouble(view, later_in_trouble()).selected == BOB
    view = View(selected=BOB, folds_dead=False, trouble_first=True)
    assert next_in_trouble(view, later_in_trouble()).selected == CAROL


def test_the_first_line_says_the_order_and_keeps_it_where_there_is_little_room():
    assert "trouble first" not in head(later_in_trouble(), 0, 80).text
    assert "trouble first" in head(later_in_trouble(), 0, 44, order="trouble first").text


def test_the_cursor_stays_with_its_agent_when_the_order_changes():
    async def scene():
        async with driven(later_in_trouble(), size=(100, 20)) as cockpit:
            lines = (await cockpit.press("s")).split("\n")
            assert cockpit.selected == ALICE
            rows = [line[4:9].strip() for line in lines if line[2:3] in ("○", "●")]
            assert rows == ["bob", "alice"]
            assert next(line for line in lines if line.startswith("> "))[4:9] == "alice"
            await cockpit.press("k")
            assert cockpit.selected == BOB
            await cockpit.see(fleet(agent("alice", age=1), agent("bob", age=1)))
            assert cockpit.selected == BOB
            assert "trouble first" in await cockpit.press("d")

    play(scene)
