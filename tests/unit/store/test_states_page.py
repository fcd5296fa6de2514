"""The page of the states names a test for each row, and its diagram is the code's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from oxtail.core import correlation, work

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "states.md").read_text(encoding="utf-8")


def tables() -> list[list[list[str]]]:
    found: list[list[list[str]]] = [[]]
    for line in PAGE.splitlines():
        if line.startswith("|"):
            found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        elif found[-1]:
            found.append([])
    return [table for table in found if table]


def test_every_row_of_states_names_a_test_that_exists() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/test_*.py"))
    names = set(re.findall(r"^def (test_\w+)", code, re.MULTILINE))
    rows = [row for table in tables() if table[0][-1] == "test" for row in table[2:]]
    assert len(rows) >= 25
    for row in rows:
        assert re.fullmatch(r"`test_\w+`", row[-1]), row
        assert row[-1].strip("`") in names, row


def test_every_state_that_a_step_names_is_in_a_table() -> None:
    states = {row[0].split()[0] for table in tables() for row in table[2:] if row[0][1:2].isdigit()}
    for table in tables():
        if table[0][:3] == ["step", "from", "to"]:
            for row in table[2:]:
                assert set(re.findall(r"\b[A-Z]\d\b", row[1] + row[2])) <= states, row


@pytest.mark.parametrize("life", [correlation, work])
def test_the_diagrams_are_made_from_the_code(life: Any) -> None:
    assert f"```mermaid\n{life.state_diagram()}\n```" in PAGE


def test_every_place_of_the_layout_has_its_line() -> None:
    from oxtail.disk.fleet_layout import FleetLayout
    from oxtail.disk.layout import Layout

    page = (ROOT / "docs" / "formats" / "README.md").read_text(encoding="utf-8")
    places = {
        name: place
        for name, place in {**vars(FleetLayout), **vars(Layout)}.items()
        if isinstance(place, property) and name not in Layout._fields
    }
    folders = {
        place.fget(Layout("/h") if name in vars(Layout) else FleetLayout("/h")).removeprefix("/h/")
        for name, place in places.items()
        if (place.__doc__ or "").startswith("Folder ")
    }
    assert len(folders) > 20
    for folder in folders:
        assert f"`{folder}/" in page, folder
    for link in re.findall(r"\]\(([\w-]+\.md)\)", page):
        assert (ROOT / "docs" / "formats" / link).is_file(), link
