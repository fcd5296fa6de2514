from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from helpers.fakes import FakeTrace
from oxtail.core.pane import Pane
from oxtail.errors import PaneError
from oxtail.tmux import server as tmux
from oxtail.tmux.server import Tmux, is_pane_id, parse_panes, parse_screens, socket_path
from oxtail.wake.panes import ANCESTORS_MAX, TmuxPanes, host_among

WORD = "0123456789abcdef"


def pane(pane_id: str, pid: int, session: str = "s") -> Pane:
    return Pane(session, "/p", 1, False, 1, pane_id, pid, "/p")


def record(**changed: str) -> str:
    fields = {
        "id": "%3", "pid": "77", "dead": "0", "active": "1", "shown": "1", "created": "1700000000",
        "attached": "2", "windows": "4", "name": "work", "path": "/p", "cwd": "/p/q",
        "window": "editor", "index": "2", "output": "1700000009",
    }  # fmt: skip
    return f"<{WORD}>".join({**fields, **changed}.values()) + f"</{WORD}>\n"


class FakeTmux:
    """A program named tmux that says what the test wants, and counts its runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trace = FakeTrace()
        self.runs = folder / "runs"
        (folder / "bin").mkdir()
        self.server = folder / "tmp" / f"tmux-{os.getuid()}" / "default"
        self.server.parent.mkdir(parents=True)
        self.server.touch()
        self.environ = {"PATH": str(folder / "bin"), "TMUX_TMPDIR": str(folder / "tmp")}
        self.says("exit 0")

    def says(self, script: str) -> None:
        program = self.folder / "bin" / "tmux"
        program.write_text(f"#!/bin/sh\necho run >> {self.runs}\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def panes(self) -> TmuxPanes:
        return TmuxPanes(self.environ, lambda pid: None, self.trace)

    def count(self) -> int:
        return len(self.runs.read_text().splitlines()) if self.runs.exists() else 0


@pytest.fixture
def fake(tmp_path: Path) -> FakeTmux:
    return FakeTmux(tmp_path)


def test_a_pane_is_read_field_by_field() -> None:
    assert parse_panes(record().encode(), WORD) == (
        Pane(
            "work", "/p", 1_700_000_000, True, 4, "%3", 77, "/p/q", True, "editor", 2,
            1_700_000_009, shown=True,
        ),
    )  # fmt: skip
    for members in ({"shown": "0"}, {"attached": "0"}, {"shown": "", "attached": ""}):
        assert not parse_panes(record(**members).encode(), WORD)[0].shown, members
    assert parse_panes(record(active="0").encode(), WORD)[0].shown, "another pane of its window"


@pytest.mark.parametrize("name", ["a|b", "a\tb", "a\nb", "<>", "né 日本", "a\x1fb", "", "%3"])
def test_no_name_or_path_can_forge_a_border(name: str) -> None:
    output = (record(name=name, path=name, cwd=name) + record(id="%4")).encode()
    first, second = parse_panes(output, WORD)
    assert (first.session, first.session_path, first.path) == (name, name, name)
    assert second.pane_id == "%4"


def test_bytes_that_are_no_utf8_come_back_as_the_system_spells_them() -> None:
    output = record(cwd="X").encode().replace(b"X", b"/bad\xff")
    assert parse_panes(output, WORD)[0].path == "/bad\udcff"


def test_the_process_of_a_dead_pane_is_nobody() -> None:
    assert parse_panes(record(dead="1").encode(), WORD)[0].pane_pid == 0


@pytest.mark.parametrize(
    "output", [b"", b"\n", b"no fields\n", record(id="3").encode(), record(id="%").encode(), b"\0"]
)
def test_what_is_no_pane_is_left_out(output: bytes) -> None:
    assert parse_panes(output, WORD) == ()


def test_numbers_that_are_none_count_as_zero() -> None:
    read = parse_panes(record(pid="", created="x", attached="", windows="²").encode(), WORD)[0]
    assert (read.pane_pid, read.created_at, read.attached, read.windows) == (0, 0, False, 0)


def test_a_window_that_tmux_says_nothing_of_has_no_number_and_no_output() -> None:
    read = parse_panes(record(window="", index="", output="").encode(), WORD)[0]
    assert (read.window, read.window_index, read.output_at) == ("", None, None)


def test_all_hosts_are_found_with_one_question_to_tmux(fake: FakeTmux) -> None:
    fake.says(
        "end=${5##*'}'}; border=\"<${end#</}\"\n"
        "for field in %3 77 0 1 1 1 1 1 work /p /p w 0; do printf '%s%s' $field \"$border\"; done\n"
        "printf '1700000009%s\\n' \"$end\""
    )
    above = {5: 9, 6: 9, 9: 8}
    asked: list[int] = []

    def parent_of(pid: int) -> int | None:
        asked.append(pid)
        return above.get(pid)

    table = TmuxPanes(fake.environ, above.get, parents=lambda: parent_of).hosts((5, 6, 9))

    assert [pane.pane_id for pane in table.panes] == ["%3"]
    assert table.hosts == ()
    assert fake.count() == 1
    assert asked == [5, 9, 8, 6]


@pytest.mark.parametrize("text", [None, "", "3", "%", "%3 ", "%3\n", "%x", "=s", "%1.2"])
def test_only_percent_and_digits_is_a_pane_id(text: str | None) -> None:
    assert not is_pane_id(text)
    assert is_pane_id("%12")


def together(pid: int, other: int) -> bool:
    return True


def test_a_daemon_that_left_its_terminal_is_hosted_by_no_pane() -> None:
    parents = {50: 40, 40: 30}
    assert host_among([pane("%1", 30)], 50, parents.get, lambda pid, other: False) is None


def test_the_nearest_ancestor_with_a_pane_hosts() -> None:
    parents = {50: 40, 40: 30, 30: 20, 20: 1}
    assert host_among([pane("%1", 20), pane("%2", 30)], 50, parents.get, together) == pane("%2", 30)
    assert host_among([pane("%2", 50)], 50, parents.get, together) == pane("%2", 50)
    assert host_among([pane("%9", 99)], 50, parents.get, together) is None


def test_process_one_and_dead_panes_host_nobody() -> None:
    assert host_among([pane("%1", 1), pane("%2", 0)], 50, {50: 1, 1: 0}.get, together) is None


def test_a_ring_of_parents_ends_the_search() -> None:
    asked: list[int] = []

    def parent_of(pid: int) -> int:
        asked.append(pid)
        return 60 if pid == 50 else 50

    assert host_among([pane("%1", 7)], 50, parent_of, together) is None
    assert len(asked) <= ANCESTORS_MAX + 1


def test_the_search_reaches_exactly_the_allowed_number_of_parents() -> None:
    def parent_of(pid: int) -> int:
        return pid - 1

    assert host_among([pane("%1", 1_000 - ANCESTORS_MAX)], 1_000, parent_of, together)
    assert host_among([pane("%1", 999 - ANCESTORS_MAX)], 1_000, parent_of, together) is None


def test_the_socket_is_where_tmux_itself_would_look(tmp_path: Path) -> None:
    uid = os.getuid()
    assert socket_path({}) == f"/tmp/tmux-{uid}/default"
    assert socket_path({"TMUX_TMPDIR": str(tmp_path)}) == f"{tmp_path}/tmux-{uid}/default"
    assert socket_path({"TMUX_TMPDIR": "/no/such"}) == f"/tmp/tmux-{uid}/default"
    assert socket_path({"TMUX": "/s/x,12,0", "TMUX_TMPDIR": str(tmp_path)}) == "/s/x"
    assert socket_path({"TMUX": ",12,0"}) == f"/tmp/tmux-{uid}/default"


def test_without_a_socket_no_process_is_started(fake: FakeTmux) -> None:
    fake.server.unlink()
    panes = fake.panes()
    assert panes.list() == ()
    assert panes.host_of(5) is None
    with pytest.raises(PaneError):
        panes.capture("%1", 20)
    assert fake.count() == 0


def test_without_tmux_on_path_there_are_no_panes(fake: FakeTmux) -> None:
    (fake.folder / "bin" / "tmux").unlink()
    assert fake.panes().list() == ()


@pytest.mark.parametrize(
    "words",
    [
        "no server running on /tmp/tmux-0/default",
        "error connecting to /tmp/tmux-0/default (No such file or directory)",
        "error connecting to /tmp/tmux-0/default (Connection refused)",
        "server exited unexpectedly",
        "lost server",
    ],
)
def test_no_server_means_no_panes_in_all_its_wordings(fake: FakeTmux, words: str) -> None:
    fake.says(f"echo '{words}' >&2; exit 1")
    assert fake.panes().list() == ()
    assert fake.count() == 1


@pytest.mark.parametrize(
    "words", ["error connecting to /tmp/x (Permission denied)", "unknown option -- F"]
)
def test_any_other_failure_is_tmux_own_words(fake: FakeTmux, words: str) -> None:
    fake.says(f"echo '{words}' >&2; exit 1")
    with pytest.raises(PaneError) as caught:
        fake.panes().list()
    assert caught.value.message == words
    assert fake.panes().host_of(5) is None


def test_a_failure_without_words_is_still_one(fake: FakeTmux) -> None:
    fake.says("exit 3")
    with pytest.raises(PaneError):
        fake.panes().list()


def test_a_tmux_that_hangs_is_given_up(fake: FakeTmux, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tmux, "TIMEOUT_SECONDS", 0.1)
    fake.says("exec /bin/sleep 30")
    with pytest.raises(PaneError):
        fake.panes().list()
    (event,) = fake.trace.named("tmux_call")
    assert event["status"] is None


def test_a_program_that_cannot_be_run_is_a_pane_error(fake: FakeTmux) -> None:
    (fake.folder / "bin" / "tmux").write_bytes(b"\x7fELF no program")
    with pytest.raises(PaneError):
        fake.panes().list()


def test_every_call_is_traced_with_the_same_members(fake: FakeTmux) -> None:
    panes = fake.panes()
    panes.list()
    fake.says('echo "can\'t find pane: %7" >&2; exit 1')
    with pytest.raises(PaneError):
        panes.capture("%7", 20)
    first, second = fake.trace.named("tmux_call")
    assert set(first) == set(second) == {"command", "status", "error", "duration_ms"}
    assert (first["command"], first["status"], first["error"]) == ("list-panes", 0, None)
    assert (second["command"], second["status"]) == ("capture-pane", 1)


@pytest.mark.parametrize("target", ["foo", "=foo", "%1; kill-server", "", "-t", "%"])
def test_only_a_pane_id_can_be_captured(fake: FakeTmux, target: str) -> None:
    with pytest.raises(PaneError):
        fake.panes().capture(target, 20)
    assert fake.count() == 0


def test_a_capture_is_the_last_rows_without_the_blank_rest_of_the_screen(fake: FakeTmux) -> None:
    fake.says(r"printf 'one   \n\ntwo\nthree\n\n\n\n'")
    assert fake.panes().capture("%1", 3) == "\ntwo\nthree"
    assert fake.panes().capture("%1", 20) == "one\n\ntwo\nthree"
    fake.says(r"printf '\n\n'")
    assert fake.panes().capture("%1", 20) == ""


def test_my_own_pane_may_be_named_by_the_environment_if_it_exists(fake: FakeTmux) -> None:
    # The form ends with the word; the answer is made from it.
    fake.says(
        "end=${5##*'}'}; border=\"<${end#</}\"\n"
        "for field in %3 77 0 1 1 1 1 1 work /p /p w 0; do printf '%s%s' $field \"$border\"; done\n"
        "printf '1700000009%s\\n' \"$end\""
    )
    fake.environ["TMUX_PANE"] = "%3"
    own = Pane("work", "/p", 1, True, 1, "%3", 77, "/p", True, "w", 0, 1_700_000_009, shown=True)
    assert fake.panes().own(5) == own
    for spoofed in ("%4", "work", "%3;"):
        fake.environ["TMUX_PANE"] = spoofed
        assert fake.panes().own(5) is None


def test_a_hint_without_a_server_is_nothing(fake: FakeTmux) -> None:
    fake.server.unlink()
    assert TmuxPanes({**fake.environ, "TMUX_PANE": "%3"}, lambda pid: None).own(5) is None
    assert not Tmux(fake.environ).can_answer()


def test_a_look_at_screens_fails_as_the_list_of_panes_does(
    fake: FakeTmux, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Tmux(fake.environ, fake.trace)
    fake.says("echo 'no server running on /tmp/x' >&2; exit 1")
    assert server.look(["%1"]) == ((), ())
    fake.says("echo 'it broke' >&2; exit 1")
    with pytest.raises(PaneError, match="it broke"):
        server.look(["%1"])
    fake.says("exec sleep 60")
    monkeypatch.setattr(tmux, "TIMEOUT_SECONDS", 0.05)
    with pytest.raises(PaneError):
        server.look(["%1"])


def test_what_is_no_screen_is_left_out() -> None:
    border, end = f"<{WORD}>", f"</{WORD}>"
    good = f"{end}%3{border}77{border}0{border}5{border}\nrow one\n"
    dead = f"{end}%4{border}78{border}1{border}0{border}\n"
    missing = f"{end}{border}{border}{border}{border}\n"
    odd = f"{end}%5{border}1\n{end}no fields"
    shown = parse_screens((good + missing + odd + dead).encode() + b"\xff\x00", WORD)
    assert [(each.pane_id, each.pane_pid, each.cursor_y) for each in shown] == [
        ("%3", 77, 5),
        ("%4", 0, 0),
    ]
    assert shown[0].text == "row one\n"
    assert parse_screens(b"", WORD) == ()
