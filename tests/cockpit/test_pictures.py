"""The pictures of the docs show what is shown now; ``make pictures`` draws them anew."""

from __future__ import annotations

import asyncio

import pytest

from helpers.pictures import FOLDER, PARTS, THEMES, digest, known, screens, seen, shown_by

STALE = "is not what is shown now: make pictures draws it anew; look at it then"


@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("part", PARTS)
def test_the_pictures_of_screens_show_what_is_shown_now(part: str, theme: str) -> None:
    drawn = asyncio.run(screens(part, theme))
    assert drawn
    for name, svg in drawn.items():
        assert seen(svg), name
        there = (FOLDER / name).read_text(encoding="utf-8")
        assert seen(there) == seen(svg), f"{name} {STALE}"


def test_the_pictures_of_a_browser_were_drawn_from_what_is_shown_now() -> None:
    names = {path.name for path in FOLDER.glob("*.png")}
    assert names
    assert known().keys() == names
    for name in sorted(names):
        noted = known()[name]
        assert noted["is"] == digest((FOLDER / name).read_bytes()), f"{name} was not drawn by us"
        assert noted["shows"] == shown_by(name), f"{name} {STALE}"
