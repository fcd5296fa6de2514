"""A small screen, a long word, a message that was not sent: nothing that matters is lost."""

from __future__ import annotations

import pytest

from helpers.cockpits import driven, play
from helpers.fakes import BOB, CAROL
from helpers.fleets import NOW, agent, ask, dead, fleet, mail
from helpers.scenes import healthy, troubled
from oxtail.cockpit.shapes.card import card
from oxtail.cockpit.shapes.head import waiting
from oxtail.core.fleet_errors import BadFleet
from oxtail.core.plain import columns
from oxtail.errors import AgentDead, JumpRefused

pytestmark = pytest.mark.timeout(60)

SMALL = (40, 15)


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("most", range(20))
def test_a_block_is_whole_or_says_how_much_of_it_is_there(most):
    rows = [each.text for each in waiting(troubled(), 100, most)]
    assert len(rows) <= most
    shown: dict[str, int] = {}
    titles: dict[str, str] = {}
    for text in rows:
        if not text.startswith("  "):
            title = text.split(",")[0].split(" ")[0]
            titles[title] = text
            shown[title] = 0
        else:
            shown[title] += 1
    everything = {"wrong": 5, "waits": 3, "warnings": 1}
    for title, count in shown.items():
        assert count > 0, rows
        is_whole = count == everything[title]
        assert is_whole != (f", {count} of {everything[title]}" in titles[title]), rows
    if most >= 12:
        assert shown == everything


def test_on_a_low_screen_agents_go_before_what_their_rows_say_anyway():
    async def scene():
        names = ("alice", "bob", "n1", "n2", "n3", "n4")
        blocked = ask("alice", "bob", "1", waited_on=True), ask("bob", "alice", "2", waited_on=True)
        made = fleet(*map(agent, names), dead("carol", boxes=(mail("m"),)), asks=blocked)
        async with driven(made, size=SMALL) as cockpit:
            text = cockpit.text
            for name in (*names, "1 dead, mail 1", "1 deadlock"):
                assert name in text
            assert "more below" not in text
            assert text.split("\n")[-1].endswith("? help")

    play(scene)


def test_what_is_told_and_asked_has_the_lines_that_it_needs():
    async def scene():
        async with driven(troubled(), size=SMALL) as cockpit:
            command = "tmux attach-session -t 'a session with a long name'"
            cockpit.actions.problem = JumpRefused(f"No. By hand: {command}", command=command)
            await cockpit.press("enter")
            await cockpit.settle(lambda: "[jump-refused]" in words(cockpit.text))
            assert words(cockpit.text).count(command) == 1
            assert "; by hand" not in words(cockpit.text)
            text = await cockpit.press("A")
            assert "y yes, any other key no: acknowledge 5 troubles?" in words(text)
            await cockpit.press("q")
            await cockpit.press("S")
            await cockpit.settle(lambda: "apply" in cockpit.text)
            assert "Esc leave" in cockpit.text

    play(scene)


def test_no_key_of_the_help_is_cut():
    async def scene():
        async with driven(troubled(), size=SMALL) as cockpit:
            text = await cockpit.press("question_mark")
            last = ""
            while text != last:
                help_lines = [line for line in text.split("\n") if line.startswith("│")]
                assert help_lines
                assert not any("…" in line for line in help_lines), text
                assert all(columns(line) <= SMALL[0] for line in help_lines)
                last, text = text, await cockpit.press("pagedown")

    play(scene)


def test_a_message_that_could_not_be_sent_is_a_draft_again():
    async def scene():
        async with driven(healthy()) as cockpit:
            cockpit.actions.problem = AgentDead()
            await cockpit.press("m", "h", "i", "enter")
            await cockpit.settle(lambda: "[agent-dead]" in cockpit.text)
            cockpit.actions.problem = None
            assert " hi" in await cockpit.press("m")
            await cockpit.press("enter")
            await cockpit.settle(lambda: "message: stored" in cockpit.text)
            assert " hi" not in await cockpit.press("m")

    play(scene)


def test_an_agent_that_does_not_run_is_told_nothing_and_nobody_writes_in_vain():
    async def scene():
        async with driven(troubled()) as cockpit:
            await cockpit.press("x")
            while cockpit.selected != CAROL:
                await cockpit.press("j")
            for key in ("m", "n"):
                assert "carol does not run" in await cockpit.press(key)
            assert cockpit.actions.asked == []
            while cockpit.selected != BOB:
                await cockpit.press("k")
            assert "to bob" in await cockpit.press("m")

    play(scene)


def test_why_a_fleet_cannot_be_edited_is_told_whole():
    async def scene():
        async with driven(healthy(), size=SMALL) as cockpit:
            cockpit.life.problem = BadFleet(
                "/home/me/a/project/.oxtail/fleet.json, line 2: a comma or } is missing here"
            )
            await cockpit.press("S")
            await cockpit.settle(lambda: "[bad-fleet]" in cockpit.text)
            told = words(cockpit.text.replace("\u2502", " "))
            assert "line 2: a comma or } is missing here [bad-fleet]" in told

    play(scene)


def test_what_was_asked_for_goes_before_what_is_always_there():
    async def scene():
        async with driven(troubled(), size=(130, 36)) as cockpit:
            assert "DEADLOCK: alice > bob > alice" in cockpit.text
            assert "DEADLOCK: alice > bob > alice" in await cockpit.press("i")
            text = await cockpit.press("l")
            assert "DEADLOCK: alice > bob > alice" not in text
            assert "hooks say" in text, "far down the card"
            await cockpit.press("l", "i")
            assert "DEADLOCK: alice > bob > alice" in await cockpit.press("l")

    play(scene)


def test_a_strip_comes_back_once_the_card_is_closed():
    async def scene():
        async with driven(troubled(), size=(110, 8), dock=True) as cockpit:
            for close in ("i", "escape"):
                assert "Tab goes there" in await cockpit.press("i")
                await cockpit.press(close)
                assert cockpit.app.main.view.dock
            await cockpit.press("i", "d", "d", "i")
            assert not cockpit.app.main.view.dock, "a person who asked for the table keeps it"

    play(scene)


def test_the_composer_fits_into_a_strip():
    async def scene():
        async with driven(troubled(), size=(110, 8), dock=True) as cockpit:
            text = await cockpit.press("m")
            assert "to alice" in text
            assert "Enter sends" in text
            assert not cockpit.app.screen.show_vertical_scrollbar

    play(scene)


@pytest.mark.parametrize(
    ("said_at", "title"), [(None, "purpose"), (NOW - 180, "purpose, 3m old, older than its work")]
)
def test_a_card_says_no_age_that_nobody_knows(said_at, title):
    made = fleet(
        agent("alice", age=None if said_at is None else 1, purpose="p", purpose_at=said_at)
    )
    rows = [each.text for each in card(made, made.agents[0], 60)]
    assert title in rows, rows
    assert not any("\u2014" in each for each in rows), rows
