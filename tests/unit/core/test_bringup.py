"""What a pane holds, what its screen asks, and which session is the launched one."""

from __future__ import annotations

import pytest

from oxtail.core.bringup import (
    DUMP_LINES,
    DUMP_MAX_CHARS,
    Level,
    Look,
    dump,
    level_of,
    newcomers,
    question_of,
    shows_prompt,
)
from oxtail.core.census import Counted
from oxtail.core.entry import Client, Entry
from oxtail.core.liveness import Life

SHELL = Look(True, "bash", True, True, True, False, False)
PROGRAM = SHELL._replace(command="claude", is_own=False, has_shell=False)


@pytest.mark.parametrize(
    ("look", "managed", "made", "has_agent", "level"),
    [
        (None, True, True, True, Level.GONE),
        (PROGRAM._replace(is_alive=False), True, True, False, Level.GONE),
        (SHELL, False, False, False, Level.EMPTY),
        (SHELL, True, True, False, Level.EMPTY),
        (SHELL, True, False, True, Level.HEALTHY),
        (SHELL, False, True, True, Level.STARTED),
        (SHELL, False, False, True, Level.FOREIGN),
        (PROGRAM, True, False, False, Level.HEALTHY),
        (PROGRAM, False, True, False, Level.STARTED),
        (PROGRAM, False, False, False, Level.FOREIGN),
    ],
)
def test_what_a_pane_holds(
    look: Look | None, managed: bool, made: bool, has_agent: bool, level: Level
) -> None:
    assert level_of(look, managed=managed, made=made, has_agent=has_agent) is level


@pytest.mark.parametrize(
    ("row", "is_prompt"),
    [
        ("$", True),
        ("me@host:~/project$ ", True),
        ("(venv) ~/p %", True),
        ("root@host:/# ", True),
        ("~ \u276f", True),
        ("100%", False),
        ("loading 100% done", False),
        ("$ claude --model 'x'", False),
    ],
)
def test_the_prompt_of_a_shell_is_told_from_output(row: str, is_prompt: bool) -> None:
    assert shows_prompt(("claude: command not found", row, "")) is is_prompt


def test_a_question_that_is_not_known_is_still_one() -> None:
    assert question_of(("Pick a color", " \u276f 1. Red", "   2. Blue")) == "prompt"


def test_a_question_about_an_update_is_known() -> None:
    rows = (
        "Update available! 1 -> 2",
        "\u203a 1. Update now",
        "  2. Skip",
        "Press enter to continue",
    )
    assert question_of(rows) == "update-prompt"


def test_a_dump_is_clean_and_bounded() -> None:
    text = dump(["\x1b[31mred\u202e", "", "  "] + [f"row {n} " + "x" * 200 for n in range(100)])
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert len(text) <= DUMP_MAX_CHARS
    assert len(text.split("\n")) <= DUMP_LINES
    assert text.endswith("x")
    assert dump(["a", "", "b"]) == "a\nb"


def counted(
    pid: int, session_id: str | None, *, kind: str = "codex", cwd: str = "/p", started: int = 100
) -> Counted:
    client = Client(kind, session_id, None, None, cwd)
    return Counted(Entry(pid, started, client), Life.RUNNING, True)


def test_only_a_new_live_session_of_the_client_in_the_folder_may_be_the_launched_one() -> None:
    registry = [
        counted(1, "new"),
        counted(2, None),
        counted(3, "other client", kind="claude-code"),
        counted(4, "elsewhere", cwd="/q"),
        counted(5, "ran before"),
        counted(6, "started before", started=90),
        counted(7, "dead")._replace(life=Life.EXITED),
        counted(8, "through a link", cwd="/link"),
    ]
    found = newcomers(
        registry,
        client_type="codex",
        root="/p",
        before=frozenset(("ran before",)),
        since=101.9,
        real_path=lambda path: "/p" if path == "/link" else path,
    )
    assert found == {1: "new", 8: "through a link"}
