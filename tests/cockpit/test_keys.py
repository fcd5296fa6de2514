"""Every key does what the table of keys says; a key without a scene here fails."""

from __future__ import annotations

import re
import threading
from collections.abc import Awaitable, Callable

import pytest

from helpers.cockpits import Driven, driven, play
from helpers.fakes import ALICE, BOB, CAROL
from helpers.scenes import DAVE, ERIN, healthy, troubled
from helpers.waiting import until
from oxtail.cockpit.actions import Excerpt, Utterance
from oxtail.cockpit.keys import FLEET, PLACES
from oxtail.cockpit.screens.fleet_editor import FleetEditorScreen
from oxtail.core.fleet_edit import Edit
from oxtail.core.fleet_spec import WindowSpec

Scene = Callable[[Driven], Awaitable[None]]
SCENES: dict[tuple[str, str], Scene] = {}


def key(place: str, shown: str) -> Callable[[Scene], Scene]:
    def keep(scene: Scene) -> Scene:
        SCENES[place, shown] = scene
        return scene

    return keep


# ---------------------------------------------------------------------- fleet


@key("fleet", "↑ k")
async def up_wraps_and_skips_the_folded(cockpit: Driven) -> None:
    await cockpit.press("up")
    assert cockpit.selected == ERIN
    await cockpit.press("k")
    assert cockpit.selected == BOB


@key("fleet", "↓ j")
async def down_wraps(cockpit: Driven) -> None:
    await cockpit.press("down", "j")
    assert cockpit.selected == ERIN
    await cockpit.press("j")
    assert cockpit.selected == ALICE


@key("fleet", "Home g")
async def home_goes_to_the_first(cockpit: Driven) -> None:
    for one in ("home", "g"):
        await cockpit.press("j", one)
        assert cockpit.selected == ALICE


@key("fleet", "End G")
async def end_goes_to_the_last(cockpit: Driven) -> None:
    for one in ("end", "G"):
        await cockpit.press("home", one)
        assert cockpit.selected == ERIN


@key("fleet", "t")
async def t_goes_from_trouble_to_trouble_and_unfolds_for_it(cockpit: Driven) -> None:
    seen = []
    for _ in range(4):
        await cockpit.press("t")
        seen.append(cockpit.selected)
    assert set(seen) == {ALICE, BOB, CAROL, DAVE}


@key("fleet", "Enter")
async def enter_jumps(cockpit: Driven) -> None:
    await cockpit.press("j", "enter")
    await cockpit.settle(lambda: cockpit.actions.asked == [("jump", BOB, False)])
    await cockpit.settle(lambda: "jump: stored" in cockpit.text)
    await cockpit.press("d", "enter")
    await cockpit.settle(lambda: cockpit.actions.asked[1:] == [("jump", BOB, True)])


@key("fleet", "m")
async def m_writes_a_message(cockpit: Driven) -> None:
    await cockpit.press("j", "m", *"hi", "enter")
    await cockpit.settle(lambda: cockpit.actions.asked == [("message", BOB, "hi")])


@key("fleet", "n")
async def n_nudges_once_y_confirms_it(cockpit: Driven) -> None:
    assert "nudge alice?" in await cockpit.press("n")
    await cockpit.press("x")
    assert "dead, mail 1" in cockpit.text, "the key that said no does nothing else"
    await cockpit.press("j", "n", "y")
    await cockpit.settle(lambda: cockpit.actions.asked == [("nudge", BOB)])


@key("fleet", "i")
async def i_shows_why_and_hides_it_again(cockpit: Driven) -> None:
    assert "why this state" in await cockpit.press("i")
    assert "why this state" not in await cockpit.press("i")


@key("fleet", "l")
async def l_opens_and_closes_the_messages(cockpit: Driven) -> None:
    assert "messages 4 of 4" in await cockpit.press("l")
    assert "messages 4 of 4" not in await cockpit.press("l")


@key("fleet", "w")
async def w_opens_the_messages_of_the_agent(cockpit: Driven) -> None:
    text = await cockpit.press("j", "w")
    assert "messages 3 of 4" in text
    assert "only bob" in text


@key("fleet", "v")
async def v_shows_the_transcript_of_the_agent(cockpit: Driven) -> None:
    await cockpit.press("j", "v")
    await cockpit.settle(lambda: "the last 2 of 2" in cockpit.text)
    assert "transcript of bob" in cockpit.text
    assert cockpit.actions.asked == [("transcript", BOB)]


@key("fleet", "/")
async def slash_searches(cockpit: Driven) -> None:
    text = await cockpit.press("slash", *"fixtures", "enter")
    assert "messages 1 of 4" in text
    assert "only with: fixtures" in text


@key("fleet", "a")
async def a_acknowledges_what_is_wrong_with_the_agent(cockpit: Driven) -> None:
    assert "acknowledge 2 troubles of alice?" in await cockpit.press("a")
    await cockpit.press("y")
    await cockpit.settle(lambda: cockpit.actions.asked == [("acknowledge", ALICE)])
    await cockpit.press("end")
    assert "nothing to acknowledge" in await cockpit.press("a")


@key("fleet", "A")
async def capital_a_acknowledges_all(cockpit: Driven) -> None:
    assert "acknowledge 5 troubles?" in await cockpit.press("A")
    await cockpit.press("y")
    await cockpit.settle(lambda: cockpit.actions.asked == [("acknowledge", None)])


@key("fleet", "b")
async def b_shows_and_folds_the_background(cockpit: Driven) -> None:
    await cockpit.see(healthy())
    assert "+ 1 in the background" in cockpit.text
    text = await cockpit.press("b")
    assert "○ dave" in text
    assert "○ dave" not in await cockpit.press("b")


@key("fleet", "x")
async def x_shows_and_folds_the_dead(cockpit: Driven) -> None:
    assert "2 dead, mail 1, owes 1" in cockpit.text
    text = await cockpit.press("x")
    assert "carol" in text
    assert "dead, gone" in text
    assert "2 dead, mail 1, owes 1" in await cockpit.press("x")


@key("fleet", "s")
async def s_puts_trouble_first_and_back(cockpit: Driven) -> None:
    before = cockpit.text
    assert "trouble first, seen 4s ago" in await cockpit.press("s")
    assert await cockpit.press("s") == before


@key("fleet", "d")
async def d_switches_to_the_dock_and_back(cockpit: Driven) -> None:
    text = await cockpit.press("d")
    assert text.startswith("1 active  2 idle  2 dead  1 DEADLOCK")
    assert (await cockpit.press("d")).startswith("app: 5 agents")


@key("fleet", "r")
async def r_looks_again(cockpit: Driven) -> None:
    class Feed:
        looking_s = None
        hurried = 0

        def hurry(self) -> None:
            self.hurried += 1

        def stop(self) -> None: ...

    cockpit.app.feed = feed = Feed()  # type: ignore[assignment]
    await cockpit.press("r")
    assert feed.hurried == 1


@key("fleet", "T")
async def capital_t_switches_the_theme(cockpit: Driven) -> None:
    before = cockpit.app.current_theme.dark
    await cockpit.press("T")
    assert cockpit.app.current_theme.dark is not before


@key("fleet", "Tab")
async def tab_goes_to_the_next_part(cockpit: Driven) -> None:
    await cockpit.press("i", "tab")
    assert cockpit.app.focused is not None
    assert cockpit.app.focused.id == "card"


@key("fleet", "?")
async def question_mark_shows_the_keys_and_swallows_others(cockpit: Driven) -> None:
    assert "oxtail cockpit" in await cockpit.press("question_mark")
    await cockpit.press("d", "x", "n", "y")
    assert cockpit.actions.asked == []
    assert (await cockpit.press("question_mark")).startswith("app: 5 agents")


@key("fleet", "Esc")
async def escape_closes_what_is_open(cockpit: Driven) -> None:
    await cockpit.press("i", "l", "w")
    assert "receipts" in cockpit.text
    assert "messages 4 of 4" in await cockpit.press("escape")
    assert "messages 4 of 4" not in await cockpit.press("escape")
    assert "why this state" not in await cockpit.press("escape")


@key("fleet", "Ctrl-C")
async def control_c_quits(cockpit: Driven) -> None:
    await cockpit.press("q")
    assert cockpit.app.is_running
    assert cockpit.app.return_code is None
    await cockpit.pilot.press("ctrl+c")
    assert cockpit.app.return_code == 0


# ---------------------------------------------------------------------- messages


def cursor_line(text: str) -> str:
    return next(line for line in text.split("\n")[2:] if line.startswith("> 0"))


@key("messages", "↑")
async def up_goes_to_an_older_message(cockpit: Driven) -> None:
    assert "stop at five" in cursor_line(await cockpit.press("l"))
    assert "Port the parser" in cursor_line(await cockpit.press("up"))
    assert cockpit.selected == ALICE


@key("messages", "↓")
async def down_goes_to_a_newer_message(cockpit: Driven) -> None:
    assert "stop at five" in cursor_line(
        await cockpit.press("l", "up", "up", "down", "down", "down")
    )


@key("messages", "PgUp b")
async def page_up_goes_half_a_panel_back(cockpit: Driven) -> None:
    for one in ("pageup", "b"):
        await cockpit.press("l", one)
        assert "Which parser" in cursor_line(cockpit.text)
        await cockpit.press("l")


@key("messages", "PgDn Space")
async def page_down_goes_half_a_panel_on(cockpit: Driven) -> None:
    for one in ("pagedown", "space"):
        await cockpit.press("l", "pageup", one)
        assert "stop at five" in cursor_line(cockpit.text)
        await cockpit.press("l")


@key("messages", "w e")
async def w_shows_a_message_whole_with_its_receipts(cockpit: Driven) -> None:
    for one in ("w", "e"):
        await cockpit.press("l", "up", "up", one)
        await cockpit.settle(lambda: "stored  08:00:00  for bob" in cockpit.text)
        assert "Which parser do we keep?" in cockpit.text
        await cockpit.press(one)
        assert "stored  08:00:00" not in cockpit.text
        await cockpit.press("l")


@key("messages", "f")
async def f_keeps_to_the_selected_agent_and_follows_it(cockpit: Driven) -> None:
    assert "only alice" in await cockpit.press("l", "f")
    assert "only bob" in await cockpit.press("j")
    assert "only" not in (await cockpit.press("f")).split("messages 4", 1)[1].split("\n", 1)[0]


@key("messages", "t")
async def t_joins_questions_with_their_answers(cockpit: Driven) -> None:
    assert "in threads" in await cockpit.press("l", "t")
    assert "` bob -> alice" in cockpit.text
    assert "in threads" not in await cockpit.press("t")


# ---------------------------------------------------------------------- transcript


async def transcript(cockpit: Driven, *keys: str) -> list[str]:
    """Open a long transcript and press *keys*; return the numbers of its lines on the screen."""
    said = Utterance("user", None, "\n".join(f"line {n:03}" for n in range(100)))
    cockpit.actions.excerpt = Excerpt((said,), "the last 1 of 1")
    await cockpit.press("v")
    await cockpit.settle(lambda: "line 099" in cockpit.text)
    found = re.findall(r"line (\d+)", await cockpit.press(*keys))
    await cockpit.press("escape")
    return found


@key("transcript", "↑")
async def up_goes_to_an_older_line(cockpit: Driven) -> None:
    assert (await transcript(cockpit, "up"))[-1] == "098"


@key("transcript", "↓")
async def down_goes_to_a_newer_line(cockpit: Driven) -> None:
    assert (await transcript(cockpit, "up", "up", "down"))[-1] == "098"


@key("transcript", "PgUp")
async def page_up_goes_ten_lines_back(cockpit: Driven) -> None:
    assert (await transcript(cockpit, "pageup"))[-1] == "089"


@key("transcript", "PgDn Space")
async def page_down_goes_ten_lines_on(cockpit: Driven) -> None:
    for one in ("pagedown", "space"):
        assert (await transcript(cockpit, "pageup", "pageup", one))[-1] == "089"


@key("transcript", "Home g")
async def home_goes_to_the_oldest_line(cockpit: Driven) -> None:
    for one in ("home", "g"):
        assert (await transcript(cockpit, one))[0] == "000"


@key("transcript", "End G")
async def end_goes_to_the_newest_line(cockpit: Driven) -> None:
    for one in ("end", "G"):
        assert (await transcript(cockpit, "home", one))[-1] == "099"


@key("transcript", "r")
async def r_reads_the_transcript_again(cockpit: Driven) -> None:
    await cockpit.press("v")
    await cockpit.settle(lambda: "the last" in cockpit.text)
    cockpit.actions.excerpt = Excerpt((), "the last 0 of 0")
    await cockpit.press("r")
    await cockpit.settle(lambda: "the last 0 of 0" in cockpit.text)
    assert cockpit.actions.asked == [("transcript", ALICE)] * 2


@key("transcript", "Esc v q")
async def escape_goes_back_to_the_fleet(cockpit: Driven) -> None:
    for one in ("escape", "v", "q"):
        await cockpit.press("v")
        assert "transcript of alice" in cockpit.text
        await cockpit.press(one)
        assert cockpit.app.screen is cockpit.app.main


# ---------------------------------------------------------------------- composer


@key("composer", "Enter")
async def enter_sends_and_an_empty_draft_does_not(cockpit: Driven) -> None:
    await cockpit.press("m", "space", "enter")
    assert cockpit.app.screen is cockpit.app.main
    await cockpit.press("m", *"go", "enter")
    await cockpit.settle(lambda: cockpit.actions.asked == [("message", ALICE, "go")])


@key("composer", "Ctrl-J Alt-Enter")
async def control_j_begins_a_line(cockpit: Driven) -> None:
    await cockpit.press("m", "a", "ctrl+j", "b", "alt+enter", "c", "enter")
    await cockpit.settle(lambda: cockpit.actions.asked == [("message", ALICE, "a\nb\nc")])


@key("composer", "Ctrl-A")
async def control_a_attaches_the_file_at_the_end(cockpit: Driven) -> None:
    await cockpit.press("m", *"see /a.txt", "ctrl+a")
    await cockpit.settle(lambda: "1 attached: a.txt" in cockpit.text)
    await cockpit.press("enter")
    await cockpit.settle(
        lambda: cockpit.actions.asked == [("message", ALICE, "see", "/found/a.txt")]
    )


@key("composer", "Ctrl-X")
async def control_x_makes_the_last_file_text_again(cockpit: Driven) -> None:
    await cockpit.press("m", *"/a.txt", "ctrl+a")
    await cockpit.settle(lambda: "1 attached" in cockpit.text)
    assert "attached:" not in await cockpit.press("ctrl+x")
    await cockpit.press("enter")
    await cockpit.settle(lambda: cockpit.actions.asked == [("message", ALICE, "/found/a.txt")])


@key("composer", "Esc")
async def escape_leaves_and_the_draft_is_kept_for_the_agent(cockpit: Driven) -> None:
    await cockpit.press("m", *"hold", "escape", "j", "m")
    assert "hold" not in cockpit.text
    await cockpit.press("escape", "k", "m", *" on", "enter")
    await cockpit.settle(lambda: cockpit.actions.asked == [("message", ALICE, "hold on")])


# ---------------------------------------------------------------------- fleets


@key("fleet", "S")
async def capital_s_edits_the_fleet(cockpit: Driven) -> None:
    await cockpit.press("j", "S")
    await cockpit.settle(lambda: "/p/.oxtail/fleet.json" in cockpit.text)
    assert cockpit.life.asked == []


@key("fleet", "R")
async def capital_r_restarts_the_fleet_once_it_is_pressed_again(cockpit: Driven) -> None:
    await cockpit.press("j", "R")
    await cockpit.settle(lambda: "R does it" in cockpit.text)
    assert [each[:2] for each in cockpit.life.asked] == [("reset", BOB)]
    await cockpit.press("R")
    await cockpit.settle(lambda: "all done" in cockpit.text)
    assert cockpit.life.asked[1:] == [("run", "reset")]


@key("fleet", "K")
async def capital_k_closes_the_window_once_it_is_pressed_again(cockpit: Driven) -> None:
    await cockpit.press("j", "K")
    await cockpit.settle(lambda: "K does it" in cockpit.text)
    assert [each[:2] for each in cockpit.life.asked] == [("kill", BOB)]
    await cockpit.press("K")
    await cockpit.settle(lambda: "all done" in cockpit.text)
    assert cockpit.life.asked[1:] == [("run", "kill")]


async def editor(cockpit: Driven, *keys: str) -> Edit:
    """Open the editor, press *keys*, and return what is edited then."""
    if not isinstance(cockpit.app.screen, FleetEditorScreen):
        await cockpit.press("S")
        await cockpit.settle(lambda: "fleet shop" in cockpit.text)
    await cockpit.press(*keys)
    edit: Edit = cockpit.app.screen.edit  # type: ignore[attr-defined]
    return edit


@key("fleet editor", "↑↓ k j")
async def the_cursor_moves_around_the_ends(cockpit: Driven) -> None:
    assert (await editor(cockpit, "up")).window.name == "tests"
    assert (await editor(cockpit, "down", "j", "k", "j")).window.name == "cx"


@key("fleet editor", "K J")
async def capital_k_and_j_move_the_window(cockpit: Driven) -> None:
    edit = await editor(cockpit, "J", "J")
    assert [each.name for each in edit.spec.windows] == ["cx", "tests", "main"]
    edit = await editor(cockpit, "K")
    assert [each.name for each in edit.spec.windows] == ["cx", "main", "tests"]


@key("fleet editor", "n")
async def n_names_the_window(cockpit: Driven) -> None:
    assert (await editor(cockpit, "n", "2", "enter")).window.name == "main2"


@key("fleet editor", "m")
async def m_chooses_a_model(cockpit: Driven) -> None:
    assert (await editor(cockpit, "m", "down", "enter")).window.model == "sonnet"


@key("fleet editor", "f")
async def f_chooses_an_effort(cockpit: Driven) -> None:
    assert (await editor(cockpit, "f", "down", "space")).window.effort == "xhigh"


@key("fleet editor", "t")
async def t_switches_the_client(cockpit: Driven) -> None:
    assert (await editor(cockpit, "t")).window.agent == "codex"


@key("fleet editor", "r")
async def r_switches_remote_control(cockpit: Driven) -> None:
    assert not (await editor(cockpit, "r")).window.remote_control


@key("fleet editor", "o")
async def o_says_the_role(cockpit: Driven) -> None:
    assert (await editor(cockpit, "o", "2", "enter")).window.role == "captain2"


@key("fleet editor", "F")
async def capital_f_names_the_fleet(cockpit: Driven) -> None:
    assert (await editor(cockpit, "F", "2", "enter")).spec.name == "shop2"


@key("fleet editor", "a")
async def a_adds_a_window(cockpit: Driven) -> None:
    assert (await editor(cockpit, "a")).window == WindowSpec("claude", "claude")


@key("fleet editor", "d")
async def d_deletes_the_window_and_leaves_the_last(cockpit: Driven) -> None:
    assert len((await editor(cockpit, "d")).spec.windows) == 2
    assert len((await editor(cockpit, "d", "d", "d")).spec.windows) == 1


@key("fleet editor", "w")
async def w_checks_and_saves(cockpit: Driven) -> None:
    await editor(cockpit, "n", ".", "enter", "w")
    assert "windows[0].name" in cockpit.text
    await editor(cockpit, "n", "backspace", "enter", "w")
    await cockpit.settle(lambda: "saved to" in cockpit.text)
    assert [each[0] for each in cockpit.life.asked] == ["save"]


@key("fleet editor", "y")
async def y_shows_what_applying_would_do(cockpit: Driven) -> None:
    await cockpit.press("S")
    await cockpit.settle(lambda: "fleet shop" in cockpit.text)
    await cockpit.press("y")
    await cockpit.settle(lambda: "y does it" in cockpit.text)
    assert [each[0] for each in cockpit.life.asked] == ["apply"]


@key("fleet editor", "Esc")
async def escape_leaves_the_fleet_as_it_was(cockpit: Driven) -> None:
    await editor(cockpit, "d")
    await cockpit.press("escape")
    assert cockpit.app.screen is cockpit.app.main
    assert cockpit.life.asked == []


@key("plan", "y Y R K")
async def only_the_key_that_is_shown_does_it(cockpit: Driven) -> None:
    for wrong in ("y", "Y", "K"):
        await cockpit.press("R")
        await cockpit.settle(lambda: "R does it" in cockpit.text)
        await cockpit.press(wrong)
        assert cockpit.app.screen is cockpit.app.main
    assert ("run", "reset") not in cockpit.life.asked


@key("plan", "e")
async def e_edits_the_fleet_of_a_plan(cockpit: Driven) -> None:
    await cockpit.press("R")
    await cockpit.settle(lambda: "R does it" in cockpit.text)
    await cockpit.press("e")
    await cockpit.settle(lambda: "fleet shop" in cockpit.text)


@key("plan", "c Esc")
async def c_cancels_a_run_and_escape_a_plan(cockpit: Driven) -> None:
    began, go = threading.Event(), threading.Event()

    def gate(window: str) -> None:
        began.set()
        until(go.is_set)

    cockpit.life.gate = gate
    await cockpit.press("R")
    await cockpit.settle(lambda: "R does it" in cockpit.text)
    await cockpit.press("R")
    await cockpit.settle(began.is_set)
    assert "stops after this step" in await cockpit.press("c")
    go.set()
    await cockpit.settle(lambda: "canceled; sync takes up" in cockpit.text)
    await cockpit.press("escape", "R")
    await cockpit.settle(lambda: "R does it" in cockpit.text)
    await cockpit.press("escape")
    assert cockpit.app.screen is cockpit.app.main


PIECE = 8
"""How many keys one cockpit is tried with; starting one costs more than a key."""

PIECES = [
    pytest.param(place, keys[start : start + PIECE], id=f"{place}-{start}")
    for place, keys in PLACES
    for start in range(0, len(keys), PIECE)
]


@pytest.mark.parametrize(("place", "keys"), PIECES)
def test_each_key_does_what_the_table_says(place, keys):
    async def scene():
        async with driven(troubled(), size=(100, 40)) as cockpit:
            for each in keys:
                try:
                    await SCENES[place, each.shown](cockpit)
                except AssertionError as error:
                    raise AssertionError(f"{place}, {each.shown}: {each.does}") from error
                await cockpit.reset(troubled())

    play(scene)


def test_every_key_stands_in_the_table_once():
    for _, keys in PLACES:
        names = [name for each in keys for name in each.keys.split(",")]
        assert len(names) == len(set(names))
    assert len(SCENES) == sum(len(keys) for _, keys in PLACES)


def test_a_cockpit_that_only_reads_does_nothing_else():
    async def scene():
        async with driven(troubled(), reads_only=True) as cockpit:
            for each in FLEET:
                if each.acts:
                    text = await cockpit.press(each.keys.split(",")[0])
                    assert "only reads" in text, each
                    await cockpit.press("y")
            assert cockpit.actions.asked == []

    play(scene)
