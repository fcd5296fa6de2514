"""The page of the docs lists the keys as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from helpers.cockpits import REWRITE
from oxtail.cockpit.keys import PLACES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cockpit.md"
LEADS = {
    "fleet": "In the fleet:",
    "messages": "In the messages; the keys above work there, too:",
    "transcript": "While the end of a transcript is shown:",
    "composer": "While a message is written:",
    "fleet editor": "In the editor of a fleet:",
    "plan": "While it is shown what would be done to a fleet; any other key goes back:",
}


def table(keys) -> str:
    rows = [f"| `{each.shown}` | {each.does} |" for each in keys]
    return "\n".join(["| key | what it does |", "|---|---|", *rows])


@pytest.mark.parametrize(("place", "keys"), PLACES)
def test_the_page_lists_every_key_as_the_table_of_keys_has_it(place, keys):
    text = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(
        rf"(?<={re.escape(LEADS[place])}\n\n)(KEYS-{place}|\|(?:.|\n)*?\|)(?=\n\n)"
    )
    found = pattern.search(text)
    assert found, place
    if REWRITE:
        PAGE.write_text(text[: found.start()] + table(keys) + text[found.end() :], encoding="utf-8")
        return
    assert found.group() == table(keys), "make screens writes it anew"
