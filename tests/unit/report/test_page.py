"""The page as a whole: what is in it, what is not, and how large it can get."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from helpers.example_fleets import EXAMPLES
from helpers.fakes import ALICE, BOB
from helpers.fleets import NOW, agent, ask, dead, fleet, ledger, work
from helpers.pages import Page, network_in
from oxtail.core.census import BoxView, Letter
from oxtail.core.envelope import Envelope
from oxtail.core.history import Problem, Record
from oxtail.report.facts import Past
from oxtail.report.page import PAGE_MAX_BYTES, page
from oxtail.report.story import BODY_MAX_CHARS, MESSAGES_MAX

GOLDEN = Path(__file__).resolve().parents[3] / "docs" / "pictures"


@pytest.mark.parametrize("name", ["empty", "trouble"])
def test_the_page_is_the_golden_one(name: str):
    assert page(EXAMPLES[name]) == (GOLDEN / f"report-{name}.html").read_text(encoding="utf-8"), (
        "make pictures writes it anew; look at it then"
    )


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_a_page_has_nothing_in_it_that_loads_or_runs(name: str):
    made = page(EXAMPLES[name])

    assert Page(made).problems == []
    assert network_in(made) == []


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_a_page_allows_its_own_style_and_script_and_nothing_else(name: str):
    read = Page(page(EXAMPLES[name]))

    def hashed(text: str) -> str:
        digest = hashlib.sha256(text.encode()).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"

    (style,), (script,) = read.styles, read.scripts
    assert read.policy == (
        f"default-src 'none'; style-src {hashed(style)}; script-src {hashed(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def words(made: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", made))


def test_an_empty_fleet_is_said_to_be_empty():
    said = words(page(EXAMPLES["empty"]))
    for each in ("Nobody is here.", "Nothing is wrong.", "Nobody waits for anybody.",
                 "Nobody owes work.", "No messages."):  # fmt: skip
        assert each in said


def test_trouble_has_shapes_and_words():
    made = page(EXAMPLES["trouble"])

    assert made.count('class="session locked"') == 2 + 1  # one is in the key
    assert made.count("DEADLOCKED") == 4  # in words, and as the name of the shape
    assert (
        made.count('class="wait loose orphan"') + made.count('class="wait work loose orphan"') == 2
    )
    assert "ORPHAN: not running" in made
    assert "overdue 2m" in made
    assert ">2027-01-15 09:00:00</time>" in made


def test_every_picture_has_a_name_and_its_words_are_elsewhere_too():
    made = page(EXAMPLES["trouble"])
    for picture in re.findall(r"<svg[^>]*>", made):
        assert "aria-label=" in picture or "aria-hidden=" in picture
    for each in EXAMPLES["trouble"].records:
        assert made.count(each.message.id) == 1


def test_an_operator_s_message_is_marked():
    made = page(EXAMPLES["healthy"])
    assert made.count("from the operator</span>") == 1
    assert 'data-kinds="message operator"' in made


def test_problems_and_the_time_that_was_asked_for_are_said():
    past = EXAMPLES["healthy"]._replace(
        problems=(Problem("ab", "2 lines are no messages"),), since=int(NOW) - 60, until=int(NOW)
    )
    said = words(page(past))
    assert "Ledger ab: 2 lines are no messages" in said
    assert "Nothing older than 2027-01-15 07:59:00 was asked for" in said
    assert "Nothing younger than 2027-01-15 08:00:00 was asked for" in said


@pytest.mark.slow
def test_the_largest_page_is_within_its_bound_and_says_what_was_cut():
    many = [agent(f"{n:04d}", name="&" * 60, purpose="&" * 300) for n in range(600)]
    owner = many[0].session_id or ""
    body = "&" * BODY_MAX_CHARS
    records = tuple(
        Record(f"{n % 600:04d}", "", Envelope(f"{n:016x}", body[: 40 + n % 9_000], int(NOW) + n,
               from_session_id=f"{n % 599:04d}", request_id=f"r{n}"))
        for n in range(MESSAGES_MAX + 10)
    )  # fmt: skip
    ids = {f"{n:04d}": f"{n:04d}" for n in range(600)}
    made = fleet(
        *many,
        *(dead(f"x{n}", boxes=(BoxView((Letter(f"{n}", 0, None),), True),)) for n in range(400)),
        ledgers={owner: ledger(*(work(owner, f"{n:016x}", body=body) for n in range(2_000)))},
        warnings=("&" * 500,) * 50,
    )
    html = page(Past(made, records, names=ids))

    assert len(html.encode()) < PAGE_MAX_BYTES
    said = words(html)
    assert "Older messages are left out" in said
    assert "more agents left out" in said
    assert "more pieces of work left out" in said
    assert "more waits left out" in said
    assert "more troubles left out" in said


def test_a_body_is_shown_whole_and_as_it_was():
    body = 'a <b>&amp;</b>\n  "two"  blanks\n'
    record = Record(BOB, "", Envelope("1" * 16, body, int(NOW), from_session_id=ALICE))
    read = Page(page(Past(fleet(agent("alice"), agent("bob")), (record,))))
    assert read.bodies == [body]


def test_a_wait_for_somebody_whom_no_record_names_is_drawn():
    made = fleet(agent("alice"), asks=(ask("alice", "", "r"),))
    html = page(Past(made))
    assert "somebody whom no record names" in html
    assert "not recorded" in html
