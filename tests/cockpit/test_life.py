"""The life of a fleet from the cockpit: the editor, the plans, and what each key does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from helpers.cockpits import Driven, FakeActions, compare, play
from helpers.fleets import NOW, agent, dead, fleet
from helpers.lives import SPEC, STEPS, FakeLife, pane
from helpers.waiting import until
from oxtail.cockpit.app import Cockpit
from oxtail.cockpit.life import APPLY
from oxtail.cockpit.screens.fleet_editor import FleetEditorScreen
from oxtail.cockpit.screens.fleet_plan import FleetPlanScreen
from oxtail.core.fleet_errors import BadFleet, FleetBusy
from oxtail.core.fleet_plan import (
    KILL,
    REMOVE,
    RESET,
    SPAWN,
    SYNC,
    Step,
)
from oxtail.core.fleet_spec import FleetSpec, WindowSpec


class Scene:
    """A cockpit with a life, and the person in front of it."""

    def __init__(self, one: Driven, life: FakeLife) -> None:
        self.one, self.life = one, life

    async def press(self, *keys: str) -> str:
        return await self.one.press(*keys)

    async def shows(self, text: str) -> str:
        """Wait until *text* is on the screen."""
        for _ in range(400):
            await self.one.pilot.pause(0.01)
            if text in self.one.text:
                return self.one.text
        raise AssertionError(f"{text!r} is not on the screen:\n{self.one.text}")

    @property
    def screen(self) -> Any:
        return self.one.app.screen

    @property
    def edit(self) -> Any:
        return self.screen.edit


def scene(
    act: Callable[[Scene], Any], life: FakeLife | None = None, *, size: tuple[int, int] = (110, 30),
    **options: Any,
) -> FakeLife:  # fmt: skip
    """Play *act* in a cockpit whose first agent is selected."""
    life = life or FakeLife()

    async def run() -> None:
        app = Cockpit(FakeActions(), lambda: NOW + 4, life=life, **options)
        async with app.run_test(size=size) as pilot:
            one = Driven(app, pilot, FakeActions())
            await one.see(fleet(agent("alice"), dead("bob")))
            await act(Scene(one, life))

    play(run)
    return life


async def no_life(scene: Scene) -> None:
    for key in ("S", "R", "K"):
        await scene.press(key)
        assert "cannot change fleets" in scene.one.text


def test_without_a_life_no_fleet_is_changed() -> None:
    async def run() -> None:
        app = Cockpit(FakeActions(), lambda: NOW + 4)
        async with app.run_test(size=(110, 30)) as pilot:
            one = Driven(app, pilot, FakeActions())
            await one.see(fleet(agent("alice")))
            await no_life(Scene(one, FakeLife()))

    play(run)


def test_a_cockpit_that_only_reads_changes_no_fleet() -> None:
    async def act(scene: Scene) -> None:
        for key in ("S", "R", "K"):
            assert "only reads" in await scene.press(key)

    assert scene(act, reads_only=True).asked == []


def test_an_agent_that_does_not_run_offers_no_window_and_no_reset() -> None:
    async def act(scene: Scene) -> None:
        await scene.press("x", "down")
        assert scene.one.selected != scene.one.app.main.fleet.agents[0].key
        for key in ("R", "K"):
            assert "does not run" in await scene.press(key)

    assert scene(act).asked == []


def test_the_editor_shows_what_the_file_says_and_leaves_it_alone() -> None:
    async def act(scene: Scene) -> None:
        await scene.press("S")
        text = await scene.shows("/p/.oxtail/fleet.json")
        for word in ("fleet shop", "opus", "gpt-9", "make watch", "captain", "Esc leave"):
            assert word in text
        compare("fleet-editor", text)
        await scene.press("escape")
        assert not isinstance(scene.screen, FleetEditorScreen)

    assert scene(act).asked == []


def test_each_key_of_the_editor_changes_what_it_says() -> None:
    async def act(scene: Scene) -> None:
        await scene.press("S")
        await scene.shows("fleet shop")
        await scene.press("down", "k", "j", "up")
        assert scene.edit.at == 0
        await scene.press("n", *["backspace"] * 4, "b", "o", "enter")
        assert scene.edit.window.name == "bo"
        await scene.press("n", "x", "escape")
        assert scene.edit.window.name == "bo"
        await scene.press("o", "2", "enter")
        assert scene.edit.window.role == "captain2"
        await scene.press("F", "s", "enter")
        assert scene.edit.spec.name == "shops"
        await scene.press("m", "down", "enter")
        assert scene.edit.window.model == "sonnet"
        await scene.press("f", "up", "space")
        assert scene.edit.window.effort == "medium"
        await scene.press("f", "down", "escape")
        assert scene.edit.window.effort == "medium"
        await scene.press("r")
        assert not scene.edit.window.remote_control
        await scene.press("r", "t")
        assert scene.edit.window == WindowSpec("bo", "codex", "gpt-5.5", "medium", "captain2")
        await scene.press("r")
        assert not scene.edit.window.remote_control
        await scene.press("J")
        assert [each.name for each in scene.edit.spec.windows] == ["cx", "bo", "tests"]
        await scene.press("K", "a")
        assert scene.edit.window == WindowSpec("claude", "claude")
        await scene.press("d", "d", "d", "d", "d")
        assert len(scene.edit.spec.windows) == 1

    scene(act)


def test_a_custom_model_can_be_chosen_again_and_a_command_is_for_the_file() -> None:
    async def act(scene: Scene) -> None:
        await scene.press("S")
        await scene.shows("fleet shop")
        await scene.press("down", "m")
        assert "> gpt-9" in scene.one.text
        await scene.press("up", "enter")
        assert scene.edit.window.model == "gpt-5.5"
        await scene.press("down")
        for key in ("m", "f", "t"):
            await scene.press(key)
            assert "in the file" in scene.one.text
        assert scene.edit.window == SPEC.windows[2]

    scene(act)


def test_saving_checks_first_and_names_the_rule_that_is_broken() -> None:
    async def act(scene: Scene) -> None:
        await scene.press("S")
        await scene.shows("fleet shop")
        await scene.press("n", ".", "enter", "w")
        assert "windows[0].name" in scene.one.text
        await scene.press("y")
        assert isinstance(scene.screen, FleetEditorScreen)
        await scene.press("n", "backspace", "enter", "w")
        await scene.shows("saved to /p/.oxtail/fleet.json")

    assert scene(act).asked == [("save", "/p", SPEC)]


def test_a_file_that_is_wrong_is_told_and_nothing_can_be_applied() -> None:
    life = FakeLife()
    life.problem = BadFleet("/p/fleet.json is no fleet: name must be a text")

    async def act(scene: Scene) -> None:
        await scene.press("S")
        await scene.shows("name must be a text")
        await scene.press("y", "w", "a", "d", "m")
        assert isinstance(scene.screen, FleetEditorScreen)

    assert scene(act, life).asked == []


def test_what_the_editor_applies_is_shown_first_and_done_with_one_key() -> None:
    async def act(scene: Scene) -> None:
        await scene.press("S")
        await scene.shows("fleet shop")
        await scene.press("y")
        text = await scene.shows("y does it")
        assert "spawn in tmux session shop" in text
        compare("fleet-spawn-plan", text)
        await scene.press("y")
        text = await scene.shows("all done")
        assert "3 of 3 up" in text
        compare("fleet-spawn-done", text)
        await scene.press("q")
        assert not isinstance(scene.screen, FleetPlanScreen)

    life = scene(act)
    assert [each[0] for each in life.asked] == [APPLY, "run"]
    assert life.asked[0][2] == SPEC


def test_any_other_key_goes_back_and_does_nothing() -> None:
    async def act(scene: Scene) -> None:
        for key in ("n", "Y", "escape", "R", "enter"):
            await scene.press("S")
            await scene.shows("fleet shop")
            await scene.press("y")
            await scene.shows("y does it")
            await scene.press(key)
            assert scene.screen is scene.one.app.main

    assert ("run", SPAWN) not in scene(act).asked


def test_a_sync_that_closes_something_takes_a_capital_letter() -> None:
    life = FakeLife()
    life.applies = SYNC
    life.steps[SYNC] = (*STEPS[SYNC], Step(REMOVE, "old", pane("%3", "old"), why="stray"))

    async def act(scene: Scene) -> None:
        await scene.press("S")
        await scene.shows("fleet shop")
        await scene.press("y")
        text = await scene.shows("Y does it")
        assert "\x1b" not in text
        assert "model changed" in text
        await scene.press("Y")
        await scene.shows("all done")

    assert scene(act, life).ran == ["tests", "main", "old"]


def test_a_refusal_offers_no_key_that_does_it() -> None:
    life = FakeLife()
    life.refusal = "session-exists"

    async def act(scene: Scene) -> None:
        await scene.press("S")
        await scene.shows("fleet shop")
        await scene.press("y")
        await scene.shows("refused: a tmux session")
        await scene.press("y")
        assert not isinstance(scene.screen, FleetPlanScreen)

    assert ("run", SPAWN) not in scene(act, life).asked


def test_a_reset_is_confirmed_by_a_second_capital_letter() -> None:
    async def act(scene: Scene) -> None:
        await scene.press("R")
        text = await scene.shows("R does it")
        assert "restart" in text
        await scene.press("y")
        assert not isinstance(scene.screen, FleetPlanScreen)
        await scene.press("R")
        await scene.shows("R does it")
        await scene.press("R")
        await scene.shows("2 of 2 up")

    life = scene(act)
    assert [each[0] for each in life.asked] == [RESET, RESET, "run"]


def test_the_editor_changes_the_preview_of_a_reset_and_leaving_it_does_not() -> None:
    async def act(scene: Scene) -> None:
        await scene.press("R")
        await scene.shows("R does it")
        await scene.press("e")
        await scene.shows("fleet shop")
        await scene.press("escape")
        await scene.shows("R does it")
        await scene.press("e")
        await scene.shows("fleet shop")
        await scene.press("d", "y")
        await scene.shows("R does it")
        await scene.press("escape")

    asked = scene(act).asked
    assert [(each[0], each[2]) for each in asked] == [
        (RESET, None),
        (RESET, None),
        (RESET, FleetSpec("shop", SPEC.windows[1:])),
    ]


def test_a_kill_is_confirmed_by_a_second_capital_letter_and_bound_to_its_agent() -> None:
    async def act(scene: Scene) -> None:
        key = scene.one.selected
        await scene.press("K")
        await scene.shows("K does it")
        await scene.one.see(fleet(agent("carol"), agent("alice")))
        await scene.press("K")
        await scene.shows("all done")
        assert scene.life.asked == [(KILL, key, None), ("run", KILL)]

    assert scene(act).ran == ["main"]


def test_what_did_not_come_up_is_told_with_its_screen() -> None:
    life = FakeLife()
    life.states["cx"] = ("failed", "trust-prompt", "Do you trust\nthis folder?")

    async def act(scene: Scene) -> None:
        await scene.press("R")
        await scene.shows("R does it")
        await scene.press("R")
        text = await scene.shows("any key goes back")
        assert "trust-prompt" in text
        assert "this folder?" in text
        compare("fleet-reset-failed", text)

    scene(act, life)


def test_a_run_is_canceled_between_two_windows_and_cannot_be_left_before() -> None:
    life = FakeLife()
    reached, go = threading.Event(), threading.Event()

    def gate(window: str) -> None:
        if window == "main":
            reached.set()
            until(go.is_set)

    life.gate = gate

    async def act(scene: Scene) -> None:
        await scene.press("S")
        await scene.shows("fleet shop")
        await scene.press("y")
        await scene.shows("y does it")
        await scene.press("y")
        await scene.one.settle(reached.is_set)
        await scene.press("y", "n")
        assert isinstance(scene.screen, FleetPlanScreen)
        await scene.press("c")
        assert "stops after this step" in scene.one.text
        go.set()
        await scene.shows("canceled; sync takes up what is left")

    assert scene(act, life).ran == []


def test_a_busy_lock_is_one_line() -> None:
    life = FakeLife()
    life.problem = FleetBusy()

    async def act(scene: Scene) -> None:
        await scene.press("R")
        await scene.shows("[fleet-busy]")
        await scene.press("escape")
        assert not isinstance(scene.screen, FleetPlanScreen)

    scene(act, life)


@pytest.mark.parametrize("size", [(40, 8), (80, 24)])
def test_the_keys_of_the_editor_stay_in_sight_at_any_height(size: tuple[int, int]) -> None:
    async def act(scene: Scene) -> None:
        await scene.press("S")
        for _ in range(20):
            await scene.press("a")
        await scene.shows("> claude")
        assert "n name" in scene.one.text

    scene(act, size=size)
