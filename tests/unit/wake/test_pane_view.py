"""Whether a pane shows work: on screens of the real clients, and on such as only look like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from oxtail.core.pane import PaneView
from oxtail.wake.pane_view import view_of

SCREENS = Path(__file__).parent / "screens"
WORKING = {
    "claude-working": "Finagling…",
    "claude-queued": "Puzzling…",
    "codex-working": "Working (0s)",
    "codex-working-pasted": "Working (0s)",
}
CLAUDE_SIGN, CODEX_SIGN = "\u276f", "\u203a"
BORDER = "─" * 40


def screen(name: str) -> tuple[str, int]:
    head, _, text = (SCREENS / f"{name}.txt").read_text(encoding="utf-8").partition("\n")
    return text, int(head.split(",")[1])


def claude(*above: str, draft: str = "", under: str = "  ? for shortcuts") -> PaneView:
    rows = [*above, BORDER, f"{CLAUDE_SIGN} {draft}", BORDER, under]
    return view_of("\n".join(rows), len(above) + 1)


def codex(*above: str, draft: str = "", under: str = "  gpt · ~/project") -> PaneView:
    rows = [*above, "", f"{CODEX_SIGN} {draft}", "", under]
    return view_of("\n".join(rows), len(above) + 1)


@pytest.mark.parametrize("path", sorted(SCREENS.glob("*.txt")), ids=lambda path: path.stem)
def test_a_real_client_at_work_is_told_from_all_others(path: Path) -> None:
    tail = WORKING.get(path.stem)
    assert view_of(*screen(path.stem)) == PaneView(busy=tail is not None, tail=tail)


@pytest.mark.parametrize("name", sorted(p.stem for p in SCREENS.glob("*idle.txt")))
@pytest.mark.parametrize(
    "text",
    [
        "esc to interrupt",
        "Press Esc to interrupt the run.",
        "• Working (0s • esc to interrupt)",
        "  ✻ Thinking… (12s · esc to interrupt)",
        "⏸ manual mode on · esc to interrupt",
    ],
)
def test_words_of_others_on_the_screen_are_no_sign_of_work(name: str, text: str) -> None:
    shown, row = screen(name)
    lines = shown.split("\n")
    for at in [at for at, line in enumerate(lines[: row - 1]) if not line.strip()][-3:]:
        planted = "\n".join([*lines[:at], "\x1b[0m" + text, *lines[at + 1 :]])
        assert view_of(planted, row) == PaneView(), at


def test_a_draft_is_no_sign_of_work() -> None:
    assert claude(draft="what does esc to interrupt do…") == PaneView()
    assert codex(draft="• Working (0s • esc to interrupt)") == PaneView()
    rows = [
        BORDER,
        f"{CLAUDE_SIGN} first line",
        "  · esc to interrupt ·",
        BORDER,
        "  ? for shortcuts",
    ]
    assert view_of("\n".join(rows), 1) == PaneView()


def test_the_line_under_the_input_line_counts() -> None:
    assert claude(under="  ⏸ manual mode on · ESC to interrupt").busy
    assert claude(under="  esc to interrupt").busy
    assert not claude(under="  press esc to interrupt it").busy


@pytest.mark.parametrize(
    ("row", "tail"),
    [
        ("✻ Thinking… (12s · ↓ 1.2k tokens · esc to interrupt)", "Thinking… (12s, ↓ 1.2k tokens)"),
        ("* Fixing the parser… (esc to interrupt)", "Fixing the parser…"),
        ("✽ Pondering…", "Pondering…"),
        ("✻ Ev\x1b[31mil\u202e\u200b \x1b]0;x\x07😈…", "Evil …"),
    ],
)
def test_what_claude_code_says_of_its_turn_is_shown(row: str, tail: str) -> None:
    assert claude("● an answer", row, "") == PaneView(busy=True, tail=tail)


def test_what_has_ended_is_no_work() -> None:
    assert claude("✻ Baked for 2s · done 7:33 PM") == PaneView()
    assert claude("✻ Thinking…", *["● so much text"] * 12) == PaneView()


def test_what_codex_says_is_faint_and_what_an_agent_writes_is_not() -> None:
    said = (
        "• \x1b[2mRunning tests\x1b[0m \x1b[2m(1m 05s • \x1b[0;1mesc\x1b[0;2m to interrupt)\x1b[0m"
    )
    assert codex(said) == PaneView(busy=True, tail="Running tests (1m 05s)")
    assert codex("• Running tests (1m 05s • esc to interrupt)") == PaneView()


def test_a_screen_without_an_input_line_tells_nothing() -> None:
    for row in (0, 1, 99, -1):
        assert view_of("✻ Thinking…\n  esc to interrupt", row) == PaneView()
    assert view_of("", 0) == PaneView()
