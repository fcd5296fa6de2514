"""What is made of a tmux that ends while it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from oxtail.errors import NoTmuxServer, PaneError
from oxtail.tmux.server import START_TRIES, Tmux

ENDING = "server exited unexpectedly"


def tmux(folder: Path, error: str, *, fails: int) -> tuple[Tmux, Path]:
    """Return a tmux that says *error* so many times, and the file with a line for each call."""
    calls = folder / "calls"
    program = folder / "tmux"
    program.write_text(
        f"#!/bin/sh\necho >> {calls}\n"
        f"[ $(wc -l < {calls}) -gt {fails} ] && echo made && exit\n"
        f"echo '{error}' >&2\nexit 1\n"
    )
    program.chmod(0o755)
    return Tmux({"PATH": f"{folder}:/usr/bin:/bin", "TMUX_TMPDIR": str(folder)}), calls


def count(calls: Path) -> int:
    return calls.read_text().count("\n") if calls.exists() else 0


@pytest.mark.parametrize("error", [ENDING, "lost server", "no server running on /tmp/x"])
def test_one_who_may_start_a_server_starts_another_when_the_first_was_ending(
    tmp_path: Path, error: str
) -> None:
    server, calls = tmux(tmp_path, error, fails=2)

    assert server.run(("new-session", "-d"), starts=True) == b"made\n"
    assert count(calls) == 3


def test_a_server_that_never_stays_is_given_up(tmp_path: Path) -> None:
    server, calls = tmux(tmp_path, ENDING, fails=99)

    with pytest.raises(NoTmuxServer):
        server.run(("new-session", "-d"), starts=True)
    assert count(calls) == START_TRIES


def test_another_error_is_told_at_once(tmp_path: Path) -> None:
    server, calls = tmux(tmp_path, "duplicate session: shop", fails=99)

    with pytest.raises(PaneError) as caught:
        server.run(("new-session", "-d"), starts=True)
    assert "duplicate session" in caught.value.message
    assert not isinstance(caught.value, NoTmuxServer)
    assert count(calls) == 1


def test_one_who_may_start_none_asks_once(tmp_path: Path) -> None:
    server, calls = tmux(tmp_path, ENDING, fails=99)
    Path(server.socket).parent.mkdir(parents=True)
    Path(server.socket).touch()

    with pytest.raises(NoTmuxServer):
        server.run(("list-sessions",))
    assert count(calls) == 1
