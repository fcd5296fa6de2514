"""What tmux says of panes is read field by field, and what is odd is nobody's."""

from __future__ import annotations

import pytest

from oxtail.core.fleet_panes import FleetPane
from oxtail.ports.lifecycle import Ground
from oxtail.tmux.workspace import TmuxWorkspace, fields_form, parse_fields, quoted

WORD = "0123456789abcdef"


def record(**changed: str) -> bytes:
    fields = {
        "pane": "%3", "window_id": "@2", "session_id": "$1", "pid": "77", "dead": "0", "index": "4",
        "managed": "shop-0123abcd", "made": "", "root": "", "dock": "", "session": "shop",
        "path": "/p", "window": "main", "command": "bash", "launch": "{}",
    }  # fmt: skip
    text = f"<{WORD}>".join({**fields, **changed}.values()) + f"</{WORD}>\n"
    return text.encode("utf-8", "surrogateescape")


def test_a_pane_is_read_field_by_field() -> None:
    assert fields_form(WORD).count(f"<{WORD}>") == record().decode().count(f"<{WORD}>")
    assert parse_fields(record(), WORD) == (
        FleetPane(
            "%3", "@2", "$1", "shop", "main", "bash", 4, 77, "/p", "shop-0123abcd", launch="{}"
        ),
    )


@pytest.mark.parametrize("name", ["a|b", "a\tb", "a\nb", "<>", "né 日本", "a\x1fb", "", "\udcff"])
def test_no_name_can_forge_a_border(name: str) -> None:
    both = parse_fields(record(session=name, window=name, path=name) + record(pane="%4"), WORD)
    assert [pane.pane_id for pane in both] == ["%3", "%4"]
    assert (both[0].session, both[0].window) == (name, name)


@pytest.mark.parametrize(
    "changed",
    [
        {"pane": "3"},
        {"pane": "%3;"},
        {"window_id": "main"},
        {"session_id": "shop"},
        {"window": f"x<{WORD}>@oxpit"},
    ],
)
def test_what_is_odd_is_left_out(changed: dict[str, str]) -> None:
    assert parse_fields(record(**changed), WORD) == ()


def test_a_dead_pane_has_no_process_and_a_long_launch_is_no_record() -> None:
    (pane,) = parse_fields(record(dead="1", launch="x" * 9_000, managed="m" * 100), WORD)
    assert (pane.pane_pid, pane.launch, len(pane.managed)) == (0, "", 64)


@pytest.mark.parametrize("word", ["", "a b", "it's", "''", "a\\'b", "$HOME", "#{x}"])
def test_a_word_is_quoted_for_the_parser_of_tmux(word: str) -> None:
    import shlex

    assert shlex.split(quoted(word)) == [word]


class SlowTmux:
    """A tmux server whose panes start slowly; counts how often it is asked what one runs."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.paused: list[float] = []

    def run(self, *commands: tuple[str, ...], **options: object) -> bytes:
        verb, form = commands[-1][0], commands[-1][-1]
        if verb == "display-message" and form == "#{pane_current_command}":
            return f"{self.names.pop(0)}\n".encode()
        if commands[0][0] == "new-window":
            return b"%4 @3 $1\n"
        if verb == "if-shell":
            return commands[-1][-2].rsplit(" ", 1)[1].encode()
        return b""


@pytest.mark.parametrize("names", [("env", "tmux", "bash"), ("bash",), ("tmux: server", "zsh")])
def test_a_window_is_handed_on_once_its_shell_runs(names: tuple[str, ...]) -> None:
    place = Ground("shop-0123abcd", "/p", "key")
    for act in ("add", "restart"):
        tmux = SlowTmux(*names)
        workspace = TmuxWorkspace(tmux, "/bin/sh", (), tmux.paused.append)  # type: ignore[arg-type]
        if act == "add":
            assert workspace.add("$1", "main", place).pane_id == "%4"
        else:
            (pane,) = parse_fields(record(), WORD)
            assert workspace.restart(pane, place)
        assert tmux.names == []
        assert len(tmux.paused) == len(names) - 1
