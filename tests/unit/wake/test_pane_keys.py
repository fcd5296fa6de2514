from __future__ import annotations

import pytest

from oxtail.errors import PaneError
from oxtail.tmux.server import Tmux
from oxtail.wake.pane_guard import PaneFacts
from oxtail.wake.pane_keys import PaneKeys, parse_look


def look(*fields: str, screen: str = "> \n") -> bytes:
    return ("<w>".join(fields) + f"</w>\n{screen}").encode()


def test_a_look_is_facts_and_rows() -> None:
    seen = parse_look(
        look("%3", "77", "0", "1", "0", "1", "2", "9", "/dev/pts/1", "co<w", screen="a\nb\n"), "w"
    )
    assert seen
    facts, rows = seen
    assert facts == PaneFacts("%3", 77, "/dev/pts/1", "co<w", True, False, True, 2, 9)
    assert [row.text for row in rows] == ["a", "b"]


def test_a_dead_pane_runs_nothing() -> None:
    seen = parse_look(look("%3", "77", "1", "0", "0", "0", "", "", "", ""), "w")
    assert seen
    assert seen[0].pane_pid == 0


@pytest.mark.parametrize("output", [b"", b"\xff", look("%3", "7"), b"%3<w>7</w>"])
def test_what_is_no_look_is_none(output: bytes) -> None:
    assert parse_look(output, "w") is None


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "\x1b[A", "\x03", "ends a command;"])
def test_what_a_terminal_would_obey_is_never_typed(text: str) -> None:
    keys = PaneKeys(Tmux({}))
    for send in (keys.paste, keys.type):
        with pytest.raises(PaneError, match="typed"):
            send("%1", text)


@pytest.mark.parametrize("pane", ["", "work", "%", "%1;kill-server", "-t", "{last}", "=work:"])
def test_what_is_no_pane_id_is_refused(pane: str) -> None:
    keys = PaneKeys(Tmux({}))
    for call in (
        lambda: keys.look(pane),
        lambda: keys.paste(pane, "x"),
        lambda: keys.type(pane, "x"),
        lambda: keys.press_enter(pane),
    ):
        with pytest.raises(PaneError, match="not a pane id"):
            call()
