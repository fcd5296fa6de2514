"""What a person is shown before a session is docked: the editor, the plan, and what leads on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from helpers.cockpits import screen_text
from helpers.lives import SPEC, FakeLife
from helpers.waiting import soon
from oxtail.cockpit.fleet_first import Begun, FleetFirst
from oxtail.core.fleet_errors import FleetBusy
from oxtail.core.fleet_panes import OTHER_PROJECT
from oxtail.core.fleet_plan import SPAWN, SYNC

pytestmark = pytest.mark.timeout(60)

EDITOR, PLAN = "w save", "y does it"


def asked(life: FakeLife, *steps: str | Sequence[str]) -> Begun | None:
    """Play *steps*, which are words to be seen or lists of keys; return what was begun."""

    async def scene() -> Begun | None:
        app = FleetFirst(life, lambda _event, **_fields: None)
        async with app.run_test(size=(100, 24)) as pilot:
            for step in steps:
                if isinstance(step, str):
                    await soon(lambda step=step: step in screen_text(app))
                else:
                    await pilot.press(*step)
            await soon(lambda: app._exit)
        return app.return_value

    return asyncio.run(scene())


@pytest.mark.parametrize("steps", [(["escape"],), (["y"], PLAN, ["escape"], EDITOR, ["escape"])])
def test_who_leaves_the_editor_has_begun_nothing(steps) -> None:
    life = FakeLife()
    assert asked(life, EDITOR, *steps) is None
    assert life.ran == []


def test_what_comes_up_leads_on_without_a_key() -> None:
    life = FakeLife()
    begun = asked(life, EDITOR, ["d", "y"], PLAN, ["y"])
    assert begun is not None
    assert begun.aim.spec == SPEC._replace(windows=SPEC.windows[1:])
    assert begun.report is not None
    assert begun.report.ok
    assert life.ran == ["main", "cx", "tests"]


def test_what_does_not_come_up_is_read_first_and_leads_on() -> None:
    life = FakeLife()
    life.states["cx"] = ("failed", "it asks for a login", "")
    begun = asked(life, EDITOR, ["y"], PLAN, ["y"], "it asks for a login", "any key goes on", ["q"])
    assert begun is not None
    assert begun.report is not None
    assert not begun.report.ok


def test_what_could_not_be_begun_leads_back_to_what_was_edited() -> None:
    life = FakeLife()
    life.refusal = OTHER_PROJECT
    back = (["y"], "refused", ["q"], EDITOR, ["escape"])
    assert asked(life, EDITOR, ["d"], *back) is None
    life.refusal = ""

    def busy(_window: str) -> None:
        raise FleetBusy

    life.gate = busy
    assert asked(life, EDITOR, ["y"], PLAN, ["y"], "fleet-busy", ["q"], EDITOR, ["escape"]) is None
    assert life.ran == []


def test_a_session_that_is_there_and_has_everything_leads_on() -> None:
    life = FakeLife()
    life.applies, life.steps[SYNC] = SYNC, ()
    begun = asked(life, EDITOR, ["y"], "nothing to do", ["q"])
    assert begun is not None
    assert begun.report is None
    assert life.asked == [("apply", None, SPEC)]


def test_a_plan_that_is_edited_comes_back_as_it_was_edited() -> None:
    life = FakeLife()
    asked(life, EDITOR, ["d", "y"], PLAN, ["e"], EDITOR, ["y"], PLAN, ["y"])
    specs = [each[2] for each in life.asked if each[0] == "apply"]
    assert specs == [SPEC._replace(windows=SPEC.windows[1:])] * 2
    assert life.asked[-1] == ("run", SPAWN)
