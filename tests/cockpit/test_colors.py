"""Every kind of text can be read in dark and in light, wherever it stands."""

from __future__ import annotations

import pytest
from rich.color import ColorSystem

from helpers.cockpits import driven, play
from oxtail.cockpit.shapes.rows import KINDS

CONTRAST: float = 4.5
"""What the accessibility guidelines of the web ask for."""


def light_of(color) -> float:
    def linear(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(part) for part in color.triplet)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other) -> float:
    low, high = sorted((light_of(one), light_of(other)))
    return (high + 0.05) / (low + 0.05)


def weak(cockpit) -> list[tuple[object, ...]]:
    found = []
    for place in ("table", "head", "status"):
        widget = cockpit.app.main.query_one(f"#{place}")
        for kind in KINDS:
            for chosen in (False, True):
                style = widget._style(widget.rich_style, kind, chosen)
                seen = contrast(style.color, style.bgcolor)
                if seen < CONTRAST:
                    found.append((place, kind, chosen, round(seen, 2)))
    return found


@pytest.mark.parametrize("light", [False, True], ids=["dark", "light"])
def test_every_kind_of_text_stands_out_from_what_is_behind_it(light):
    async def scene():
        async with driven(light=light) as cockpit:
            assert weak(cockpit) == []
            await cockpit.press("T")
            assert weak(cockpit) == []

    play(scene)


@pytest.mark.parametrize("light", [False, True], ids=["dark", "light"])
def test_bars_stay_gray_in_a_terminal_of_256_colors(light):
    async def scene():
        async with driven(light=light) as cockpit:
            for place in ("head", "status"):
                widget = cockpit.app.main.query_one(f"#{place}")
                color = widget.rich_style.bgcolor.downgrade(ColorSystem.EIGHT_BIT)
                assert len(set(color.get_truecolor())) == 1, (place, color)

    play(scene)
