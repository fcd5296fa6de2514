"""What the main screens look like; the files beside this one are what was looked at.

``make screens`` writes them anew: read the difference before it is committed.
"""

from __future__ import annotations

import pytest

from helpers.cockpits import compare, driven, play
from helpers.scenes import SCENES
from oxtail.core.plain import columns

SIZES = {"80x24": (80, 24), "120x40": (120, 40)}
DOCK = (80, 8)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_the_fleet_looks_as_it_did(size):
    async def scene():
        async with driven(size=SIZES[size]) as cockpit:
            for name, fleet in SCENES.items():
                await cockpit.see(fleet())
                compare(f"fleet-{name}-{size}", cockpit.text)
            await cockpit.press("i")
            compare(f"card-troubled-{size}", cockpit.text)
            await cockpit.press("i", "l")
            compare(f"messages-troubled-{size}", cockpit.text)
            await cockpit.press("up", "up", "w")
            await cockpit.settle(
                lambda: "receipts" in dict.fromkeys(a[0] for a in cockpit.actions.asked)
            )
            compare(f"message-troubled-{size}", cockpit.text)
            await cockpit.press("escape", "escape", "m", "h", "i")
            compare(f"composer-troubled-{size}", cockpit.text)
            await cockpit.press("escape", "question_mark")
            compare(f"help-{size}", cockpit.text)

    play(scene)


def test_the_dock_looks_as_it_did():
    async def scene():
        async with driven(size=DOCK, dock=True) as cockpit:
            for name, fleet in SCENES.items():
                await cockpit.see(fleet())
                compare(f"dock-{name}", cockpit.text)

    play(scene)


@pytest.mark.parametrize("size", [(20, 5), (40, 12), (80, 24), (200, 50)])
def test_no_line_is_wider_than_the_terminal(size):
    async def scene():
        async with driven(SCENES["troubled"](), size=size) as cockpit:
            for keys in ((), ("i",), ("l",), ("w",), ("escape",), ("escape", "escape", "d")):
                text = await cockpit.press(*keys)
                assert all(columns(line) <= size[0] for line in text.split("\n"))
                assert text.count("\n") < size[1]

    play(scene)
