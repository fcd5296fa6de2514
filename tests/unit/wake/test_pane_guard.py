"""The guard, on screens of the real clients and on made-up ones.

The files in ``screens/`` were captured with their attributes; the first line is the cursor.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxtail.core.wake import REFUSALS
from oxtail.wake.keystrokes import WAKE_TEXT
from oxtail.wake.pane_guard import Guard, PaneFacts, composer_text, examine, squeeze
from oxtail.wake.screen import parse_screen

SCREENS = Path(__file__).parent / "screens"
ROWS = 30

CLEAR = {
    "claude": ["fresh", "cleared", "help", "idle", "queued", "working", "vim-insert", "vim-normal"],
    "codex": ["fresh", "cleared", "help", "idle", "working"],
}
LEFTOVER = {
    "claude": ["pasted", "pasted-60", "pasted-34"],
    "codex": ["pasted", "pasted-60", "pasted-34", "working-pasted"],
}
DIALOG = {
    "claude": ["key", "model", "permission", "question", "question-other", "search", "trust"],
    "codex": ["hooks-review", "login", "model", "permission"],
}
DRAFT = {
    "claude": ["draft", "draft-home", "draft-two", "draft-two-home", "slash"],
    "codex": ["draft", "draft-home", "draft-two", "draft-two-home", "slash", "search", "bang"],
}
NO_COMPOSER = {"claude": ["bang", "first-start"]}
SIGN = "\u276f"


def facts(cursor: tuple[int, int] = (2, 0), **changes: object) -> PaneFacts:
    found = PaneFacts("%1", 7, "/dev/pts/1", "claude", False, False, False, *cursor)
    return found._replace(**changes)


def examine_file(name: str) -> Guard:
    head, _, screen = (SCREENS / f"{name}.txt").read_text(encoding="utf-8").partition("\n")
    column, row = (int(word) for word in head.split(","))
    screen += "\n" * ROWS  # blank rows at the end are not in the file
    return examine(facts((column, row)), parse_screen(screen)[:ROWS], WAKE_TEXT)


def named(table: dict[str, list[str]]) -> list[str]:
    return [f"{client}-{name}" for client, names in table.items() for name in names]


@pytest.mark.parametrize("name", named(CLEAR))
def test_an_empty_input_line_of_a_real_client_is_clear(name: str) -> None:
    assert examine_file(name) is Guard.CLEAR


@pytest.mark.parametrize("name", named(LEFTOVER))
def test_the_wake_text_is_recognized_however_a_real_client_wraps_it(name: str) -> None:
    assert examine_file(name) is Guard.LEFTOVER


@pytest.mark.parametrize("name", named(DIALOG))
def test_a_dialog_of_a_real_client_is_seen(name: str) -> None:
    assert examine_file(name) is Guard.DIALOG


@pytest.mark.parametrize("name", named(DRAFT))
def test_a_draft_in_a_real_client_is_seen_wherever_the_cursor_stands(name: str) -> None:
    assert examine_file(name) is Guard.DRAFT


@pytest.mark.parametrize("name", named(NO_COMPOSER))
def test_a_line_for_the_shell_and_a_first_question_are_no_input_lines(name: str) -> None:
    assert examine_file(name) is Guard.NO_COMPOSER


def test_each_captured_screen_is_judged() -> None:
    tables = (CLEAR, LEFTOVER, DIALOG, DRAFT, NO_COMPOSER)
    judged = [name for table in tables for name in named(table)]
    assert sorted(judged) == sorted(path.stem for path in SCREENS.glob("*.txt"))


def screen(text: str, cursor: tuple[int, int], wanted: str = WAKE_TEXT) -> Guard:
    return examine(facts(cursor), parse_screen(text), wanted)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"pane_pid": 0}, Guard.DEAD),
        ({"in_mode": True}, Guard.IN_MODE),
        ({"input_off": True}, Guard.INPUT_OFF),
        ({"synchronized": True}, Guard.SYNCHRONIZED),
        ({"cursor_y": 99}, Guard.NO_COMPOSER),
        ({"cursor_y": -1}, Guard.NO_COMPOSER),
        ({"cursor_x": 0}, Guard.DRAFT),
        ({}, Guard.CLEAR),
    ],
)
def test_what_tmux_says_comes_before_what_the_screen_shows(
    change: dict[str, object], verdict: Guard
) -> None:
    assert examine(facts(**change), parse_screen("> "), WAKE_TEXT) is verdict


@pytest.mark.parametrize(
    ("text", "cursor", "verdict"),
    [
        (f"{SIGN}", (2, 0), Guard.CLEAR),
        ("╭────╮\n│ >  │\n╰────╯", (4, 1), Guard.CLEAR),
        ("╭────╮\n│ > \x1b[2mhint\x1b[0m │\n╰────╯", (4, 1), Guard.CLEAR),
        ("╭────╮\n│ > hint │\n╰────╯", (4, 1), Guard.DRAFT),
        ("╭────╮\n│ > |  │\n╰────╯", (4, 1), Guard.DRAFT),
        ("╭────╮\n│ > one  │\n│   two  │\n╰────╯", (9, 2), Guard.DRAFT),
        ("> x", (2, 0), Guard.DRAFT),
        ("> \x1b[7mx\x1b[0;2m and more", (2, 0), Guard.CLEAR),
        (">\n  second row of a draft", (2, 0), Guard.DRAFT),
        (">\n\n  a footer", (2, 0), Guard.CLEAR),
        ("user@host:~$ ", (13, 0), Guard.NO_COMPOSER),
        ("# ", (2, 0), Guard.NO_COMPOSER),
        (">>> ", (4, 0), Guard.NO_COMPOSER),
        ("some text\n:", (1, 1), Guard.NO_COMPOSER),
        ("> an old line\n\nsome answer", (0, 2), Guard.DRAFT),
        ("> an old line\n──────\nsome answer", (0, 2), Guard.NO_COMPOSER),
        ("", (0, 0), Guard.NO_COMPOSER),
    ],
)
def test_an_input_line_is_known_by_its_sign_and_the_cursor(
    text: str, cursor: tuple[int, int], verdict: Guard
) -> None:
    assert screen(text, cursor) is verdict


@pytest.mark.parametrize(
    "text",
    [
        " > 1. Yes\n   2. No",
        "│ > 1. Yes │\n│   2. No  │",
        "  1) Yes\n> 2) No",
        "Overwrite it? [y/N]",
        "Continue (yes/no)",
        "Do you want to proceed?",
        "Would you like to apply these edits?",
        "Press Enter to continue",
        "\n\n  enter to submit | esc to cancel",
    ],
)
def test_a_dialog_is_known_by_its_words(text: str) -> None:
    assert screen(text, (0, 0)) is Guard.DIALOG


def test_what_a_model_said_is_no_dialog() -> None:
    said = "1. Yes\n2. No\n\nDo you want me to go on?\nPress Enter to continue (y/n)\n\n> "
    assert screen(said, (2, 6)) is Guard.CLEAR


def test_a_choice_above_an_input_line_is_a_dialog_all_the_same() -> None:
    assert screen("Proceed?\n > 1. Yes\n   2. No\n\n> ", (2, 4)) is Guard.DIALOG


def test_only_exactly_the_wake_text_is_a_leftover() -> None:
    line = f"> {WAKE_TEXT}"
    assert screen(line, (len(line), 0)) is Guard.LEFTOVER
    assert screen(f"{line} and then", (len(line), 0)) is Guard.DRAFT
    assert screen(f"> so: {WAKE_TEXT}", (3, 0)) is Guard.DRAFT
    assert screen(">\n  x", (3, 1), "") is Guard.DRAFT


def test_each_refusal_of_the_guard_is_documented() -> None:
    assert {one.value for one in Guard} - {"clear", "leftover"} <= set(REFUSALS)


@given(
    st.text(alphabet=f"{SIGN}>│─ ab1.2)?\n\x1b[2m", max_size=80),
    st.integers(-2, 12),
    st.integers(-2, 12),
)
def test_every_screen_has_a_verdict(text: str, column: int, row: int) -> None:
    rows = parse_screen(text)
    verdict = examine(facts((column, row)), rows, WAKE_TEXT)
    assert isinstance(verdict, Guard)
    if verdict is Guard.CLEAR:
        assert rows[row].text.lstrip("│ ")[:1] in (SIGN, ">")
        assert column >= 2


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_a_visible_draft_is_never_clear(draft: str) -> None:
    for column in (2, 2 + len(draft)):
        assert screen(f"> {draft}", (column, 0)) is not Guard.CLEAR
    held = composer_text(facts((2, 0)), parse_screen(f"> {draft}"))
    assert held == squeeze(draft)
