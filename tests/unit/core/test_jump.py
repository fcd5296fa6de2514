"""Which terminal goes to a pane: the one that is meant without doubt, or none."""

from __future__ import annotations

import shlex

import pytest

from oxtail.core.jump import Scene, Spot, Terminal, attach_command, choose
from oxtail.errors import JumpRefused

TARGET = Spot("%7", 700, "@4", "$3", "work")
COCKPIT = Spot("%1", 100, "@1", "$1", "cockpit")
OWN = Terminal("/dev/pts/1", "$1", "cockpit", 50)


def there(name: str, at: int = 1) -> Terminal:
    return Terminal(f"/dev/pts/{name}", "$3", "work", at)


def elsewhere(name: str, at: int = 1) -> Terminal:
    return Terminal(f"/dev/pts/{name}", "$9", "other", at)


def scene(*terminals: Terminal, own: str | None = "%1") -> Scene:
    return Scene((COCKPIT, TARGET), terminals, own)


def refusal(seen: Scene, wanted: str | None = None) -> JumpRefused:
    with pytest.raises(JumpRefused) as caught:
        choose(seen, TARGET, wanted)
    return caught.value


def test_the_only_other_terminal_on_the_session_goes() -> None:
    assert choose(scene(OWN, there("5")), TARGET) == there("5")
    assert choose(scene(OWN, there("5"), elsewhere("6")), TARGET) == there("5")
    assert choose(scene(there("5"), own=None), TARGET) == there("5")


def test_ones_own_terminal_on_the_session_goes_without_doubt() -> None:
    # Whoever else is attached, and wherever.
    cockpit = Spot("%1", 100, "@1", "$3", "work")
    own = there("1", at=50)
    seen = Scene((cockpit, TARGET), (own, there("5"), elsewhere("6")), "%1")
    assert choose(seen, TARGET) == own


def test_ones_own_terminal_goes_where_there_is_no_other() -> None:
    assert choose(scene(OWN), TARGET) == OWN


def test_several_on_the_session_are_listed() -> None:
    error = refusal(scene(OWN, there("5"), there("6")))
    assert error.fields["reason"] == "several-clients"
    assert [each["name"] for each in error.fields["clients"]] == ["/dev/pts/5", "/dev/pts/6"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("own", [(OWN,), ()])
def test_others_elsewhere_are_listed(own: tuple[Terminal, ...]) -> None:
    error = refusal(scene(*own, elsewhere("5")))
    assert error.fields["reason"] == "clients-elsewhere"
    assert len(error.fields["clients"]) == len(own) + 1  # type: ignore[arg-type]


def test_a_wish_decides_also_for_a_terminal_elsewhere() -> None:
    seen = scene(OWN, there("5"), there("6"), elsewhere("7"))
    assert choose(seen, TARGET, "/dev/pts/7") == elsewhere("7")
    assert refusal(seen, "/dev/pts/8").fields["reason"] == "unknown-client"


def test_without_a_terminal_there_is_a_command() -> None:
    error = refusal(scene())
    assert error.fields["reason"] == "no-client"
    assert error.fields["command"] == "tmux attach-session -t '=work:@4.%7'"
    assert "tmux attach-session" in error.message


def test_the_command_names_the_socket_and_quotes_what_others_named() -> None:
    hostile = TARGET._replace(session="a'; rm -rf $HOME #")
    words = shlex.split(attach_command(hostile, "/tmp/my sockets/x"))
    assert words[:4] == ["tmux", "-S", "/tmp/my sockets/x", "attach-session"]
    assert words[-1] == "=a'; rm -rf $HOME #:@4.%7"
    assert "$3:@4.%7" in attach_command(TARGET._replace(session="a\x1b[2J"))


def test_of_two_terminals_on_the_cockpit_the_one_last_typed_in_is_ones_own() -> None:
    other = Terminal("/dev/pts/2", "$1", "cockpit", 10)
    assert scene(other, OWN).own_terminal == OWN


def test_a_window_in_two_sessions_is_shown_where_somebody_looks() -> None:
    second = TARGET._replace(session_id="$2", session="second")
    seen = Scene((COCKPIT, second, TARGET), (OWN, there("5")), "%1")
    assert seen.spot_of("%7", 700) == TARGET
    mine = Scene((COCKPIT, TARGET, second, COCKPIT._replace(session_id="$2")),
                 (there("5"), Terminal("/dev/pts/9", "$2", "second", 99)), "%1")  # fmt: skip
    assert mine.spot_of("%7", 700) == second


def test_a_pane_that_runs_another_process_now_is_no_spot() -> None:
    assert scene(OWN).spot_of("%7", 701) is None
    assert scene(OWN).spot_of("%8", 700) is None
