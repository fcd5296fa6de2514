"""A strip in a pane of its own: whose window it shares, and how high it is."""

from __future__ import annotations

import pytest
from textual.events import AppBlur

from helpers.cockpits import driven, play
from helpers.fakes import ALICE, BOB, CAROL
from helpers.fleets import agent, dead, fleet, pane
from helpers.scenes import troubled
from oxtail.cockpit.shapes.strip import ROWS_MAX, ROWS_MIN, header, height_of
from oxtail.cockpit.shapes.view import Home, View, at_home
from oxtail.cockpit.strip_home import StripDoor
from oxtail.errors import PaneError

NOBODY = "nobody"


def three():
    return fleet(
        agent("alice", pane=pane(1, "same")),
        agent("bob", pane=pane(2, "same")),
        agent("carol", pane=pane(3, "other")._replace(session="elsewhere", window_index=2)),
    )


class Tmux:
    def __init__(self, home: Home | None) -> None:
        self.home = home
        self.heights: list[int] = []

    @property
    def door(self) -> StripDoor:
        return StripDoor(lambda: self.home, self.heights.append)


def test_the_cursor_begins_at_the_agent_of_the_own_window_and_the_strip_becomes_smaller():
    tmux = Tmux(Home("work", 2, is_strip=True))

    async def scene():
        async with driven(three(), size=(80, 20), dock=True, strip=tmux.door) as cockpit:
            await cockpit.settle(lambda: cockpit.selected == BOB)
            await cockpit.settle(lambda: tmux.heights == [7])
            await cockpit.press("j", "k", "k")
            await cockpit.see(three())
            assert cockpit.selected == ALICE, "a person who moved the cursor keeps it"
            cockpit.app.post_message(AppBlur())
            await cockpit.see(three())
            assert cockpit.selected == BOB

    play(scene)


def test_the_cursor_returns_to_the_own_agent_once_nobody_looks_at_its_window():
    def seen(shown: bool | None, *, other: bool | None = True):
        return fleet(
            agent("alice", pane=pane(1, "same")._replace(shown=other)),
            agent("bob", pane=pane(2, "same")._replace(shown=shown)),
        )

    tmux = Tmux(Home("work", 2, is_strip=True))

    async def scene():
        async with driven(seen(True), size=(80, 20), dock=True, strip=tmux.door) as cockpit:
            await cockpit.settle(lambda: cockpit.selected == BOB)
            await cockpit.press("k")
            for shown, other in ((True, False), (None, False), (True, None)):
                await cockpit.see(seen(shown, other=other))
                assert cockpit.selected == ALICE, "somebody looks, or that is not known"
            await cockpit.see(seen(False))
            assert cockpit.selected == BOB
            await cockpit.see(seen(True))
            await cockpit.press("k")
            await cockpit.see(seen(True))
            assert cockpit.selected == ALICE, "a person who came back and moved the cursor keeps it"

    play(scene)


@pytest.mark.parametrize(
    ("home", "rows"),
    [(Home("work", 1, is_strip=False), 20), (Home("work", 1, is_strip=True), 6), (None, 20)],
)
def test_a_pane_that_was_not_made_for_it_or_is_small_keeps_its_height(home, rows):
    tmux = Tmux(home)

    async def scene():
        async with driven(three(), size=(80, rows), dock=True, strip=tmux.door) as cockpit:
            await cockpit.see(three())
            await cockpit.press("d", "d")
            assert cockpit.selected == (ALICE if home else CAROL)
            assert tmux.heights == []

    play(scene)


def test_a_tmux_that_fails_leaves_the_strip_as_it_is():
    def fails() -> Home | None:
        raise PaneError("it hangs")

    async def scene():
        strip = StripDoor(fails, lambda _rows: None)
        async with driven(three(), size=(80, 20), dock=True, strip=strip) as cockpit:
            await cockpit.press("j")
            assert cockpit.selected == ALICE, "the second one in the order of the fleet"

    play(scene)


def test_the_agent_that_runs_goes_before_one_that_has_left_the_window():
    made = fleet(agent("alice", pane=pane(1)), agent("bob", pane=pane(2)))
    gone = made.agents[0]._replace(window_index=2, verdict=fleet(dead("x")).agents[0].verdict)
    both = made._replace(agents=(gone, made.agents[1]))
    view = View(selected=NOBODY, folds_dead=False)
    assert at_home(view, both, Home("work", 2, True)).selected == BOB
    assert at_home(view, both, Home("another", 2, True)) is view


@pytest.mark.parametrize("count", range(20))
def test_a_strip_is_as_high_as_its_agents_within_bounds(count):
    made = fleet(*(agent(f"{n}") for n in range(count)), dead("z"))
    assert height_of(made, View()) == min(max(count + 1 + 4, ROWS_MIN), ROWS_MAX)


def test_the_header_counts_everything_that_is_wrong_and_says_so_when_nothing_is():
    said = header(troubled(), 0, 200).text
    for part in ("1 active", "2 idle", "2 dead", "1 DEADLOCK", "2 orphaned", "1 work stranded",
                 "1 mail stranded", "1 overdue"):  # fmt: skip
        assert part in said
    assert "nominal" in header(three(), 0, 200).text
