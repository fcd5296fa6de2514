"""What a pane asks, on screens of the real clients, and who has its keys."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from oxtail.core.bringup import question_of
from oxtail.errors import PaneError
from oxtail.wake.pane_front import PaneFront, environ_names
from oxtail.wake.pane_guard import PaneFacts
from oxtail.wake.screen import Row, parse_screen

SCREENS = Path(__file__).parent / "screens"
ROWS = 30
OWN = "  7   1   7   7 pts/1 bash\n"
SCRIPT = "  7   1   7   9 pts/1 bash\n"


class Pane:
    """A pane that shows one screen, and keeps what is typed into it."""

    def __init__(self, command: str = "claude", screen: str | None = None) -> None:
        cursor, rows = (2, 0), parse_screen("$ ")
        if screen:
            head, _, text = (SCREENS / f"{screen}.txt").read_text(encoding="utf-8").partition("\n")
            cursor = tuple(int(word) for word in head.split(","))
            rows = parse_screen(text + "\n" * ROWS)[:ROWS]
        self.facts = PaneFacts("%1", 7, "/dev/pts/1", command, False, False, False, *cursor)
        self.rows = rows
        self.lines: list[str] = []

    def look(self, _: str) -> tuple[PaneFacts, tuple[Row, ...]]:
        return self.facts, self.rows

    def run_line(self, _: str, text: str, before: str) -> None:
        self.lines += [before, text]


def front(pane: Pane, processes: str | None = OWN, *names: str) -> PaneFront:
    return PaneFront(pane, lambda *_: processes, lambda _: names)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("screen", "question"),
    [
        ("claude-trust", "trust-prompt"),
        ("claude-key", "login"),
        ("claude-first-start", "first-start"),
        ("claude-permission", "permission-prompt"),
        ("claude-model", "model-prompt"),
        ("codex-login", "login"),
        ("codex-hooks-review", "hooks-prompt"),
        ("codex-permission", "permission-prompt"),
        ("codex-model", "model-prompt"),
    ],
)
def test_what_a_real_client_asks_is_known(screen: str, question: str) -> None:
    look = front(Pane(screen=screen)).look("%1")
    assert look.asks
    assert not look.is_clear
    assert question_of(look.rows) == question


@pytest.mark.parametrize(
    "screen",
    [
        *("claude-fresh", "claude-idle", "claude-working", "claude-draft", "claude-bang"),
        *("codex-fresh", "codex-idle", "codex-working", "codex-draft"),
    ],
)
def test_a_client_that_works_or_waits_for_input_asks_nothing(screen: str) -> None:
    assert not front(Pane(screen=screen)).look("%1").asks


def test_a_client_that_waits_for_input_is_seen_to() -> None:
    assert front(Pane(screen="claude-fresh")).look("%1").is_clear
    assert front(Pane(screen="codex-fresh")).look("%1").is_clear


@pytest.mark.parametrize(
    ("command", "processes", "has_shell"),
    [
        ("bash", OWN, True),
        ("-bash", OWN, True),
        ("bash", SCRIPT, False),
        ("bash", "", False),
        ("bash", None, False),
        ("claude", OWN, False),
    ],
)
def test_a_shell_has_the_keys_only_if_it_is_the_panes_own_process(
    command: str, processes: str | None, has_shell: bool
) -> None:
    pane = Pane(command)
    assert front(pane, processes).look("%1").has_shell is has_shell
    if has_shell:
        front(pane, processes).run_line("%1", "claude")
        assert pane.lines == ["C-u", "claude"]
        return
    with pytest.raises(PaneError):
        front(pane, processes).run_line("%1", "claude")
    assert pane.lines == []


@pytest.mark.parametrize("change", ["in_mode", "input_off", "synchronized"])
def test_keys_that_would_go_elsewhere_are_known(change: str) -> None:
    pane = Pane("bash")
    assert front(pane).look("%1").takes_keys
    pane.facts = pane.facts._replace(**{change: True})
    assert not front(pane).look("%1").takes_keys


def test_the_shell_of_a_pane_and_what_it_inherited() -> None:
    found = front(Pane("-zsh"), OWN, "PATH", "CLAUDECODE", "CODEX_HOME").shell("%1")
    assert found == ("zsh", ("CLAUDECODE",))


@pytest.mark.skipif(not os.path.exists("/proc/self/environ"), reason="needs /proc")
def test_the_variables_of_a_process_are_read() -> None:
    assert "PATH" in environ_names(os.getpid())
    assert environ_names(2**30) == ()
