"""The tmux adapter against a real tmux server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.fakes import FakeTrace
from helpers.tmux import PrivateTmux, needs_tmux, private_tmux
from helpers.waiting import until
from oxtail.core.pane import Pane
from oxtail.errors import NoTmuxServer, PaneError
from oxtail.tmux.server import Tmux
from oxtail.wake.panes import TmuxPanes

pytestmark = needs_tmux


def parent_of(pid: int) -> int | None:
    done = subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, text=True)
    return int(done.stdout) if done.stdout.strip() else None


def is_running(pid: int) -> bool:
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(done.stdout.strip()) and not done.stdout.startswith("Z")


@pytest.fixture
def tmux() -> Iterator[PrivateTmux]:
    with private_tmux() as server:
        yield server


@pytest.fixture
def trace() -> FakeTrace:
    return FakeTrace()


@pytest.fixture
def panes(tmux: PrivateTmux, trace: FakeTrace) -> TmuxPanes:
    return TmuxPanes(tmux.environ, parent_of, trace)


def by_id(panes: TmuxPanes, pane_id: str) -> Pane:
    return next(pane for pane in panes.list() if pane.pane_id == pane_id)


def test_no_server_means_no_panes_and_no_process(panes: TmuxPanes, trace: FakeTrace) -> None:
    assert panes.list() == ()
    assert panes.host_of(os.getpid()) is None
    assert trace.events == []


def test_a_socket_that_a_dead_server_left_means_no_panes(
    tmux: PrivateTmux, panes: TmuxPanes, trace: FakeTrace
) -> None:
    tmux.session("work")
    assert panes.list()
    tmux.run("kill-server")
    until(lambda: not panes.list())
    tmux.socket.touch()
    assert panes.list() == ()
    assert trace.named("tmux_call")[-1]["error"]


def test_a_pane_carries_all_its_facts(tmux: PrivateTmux, panes: TmuxPanes) -> None:
    pane_id = tmux.session("work", cwd=tmux.folder)
    tmux.run("new-window", "-d", "-t", "=work", "exec sleep 600")
    first, second = panes.list()
    assert first == Pane(
        session="work",
        session_path=str(tmux.folder),
        created_at=first.created_at,
        attached=False,
        windows=2,
        pane_id=pane_id,
        pane_pid=tmux.pid_of(pane_id),
        path=str(tmux.folder),
        active=True,
        window=first.window,
        window_index=0,
        output_at=first.output_at,
        shown=False,
    )
    assert first.window
    assert first.output_at is not None
    assert first.output_at > 1_600_000_000
    assert first.created_at > 1_600_000_000
    assert not second.active


@pytest.mark.parametrize(
    "name",
    [
        b"a|b",
        b"tab\there",
        b"n\xc3\xa9\xe6\x97\xa5",
        b"line\nend",
        b"x\x1fy",
        b"bad\xff",
        b"#{pid}",
    ],
)
def test_folders_of_any_name_come_back_unchanged(
    tmux: PrivateTmux, panes: TmuxPanes, name: bytes
) -> None:
    folder = os.path.join(os.fsencode(tmux.folder), name)
    os.mkdir(folder)
    tmux.session("work", "exec sleep 600")
    # A client cannot hand every byte to tmux; the pane's own folder is what the kernel says.
    script = Path(tmux.folder, "go")
    script.write_bytes(b"cd '" + folder + b"' && exec sleep 600\n")
    pane_id = tmux.session("odd", f"exec sh {script}")
    tmux.session("zzz", "exec sleep 600")
    assert until(lambda: by_id(panes, pane_id).path == os.fsdecode(folder))
    assert [pane.session for pane in panes.list()] == ["odd", "work", "zzz"]


@pytest.mark.parametrize("name", ["a|b", "né", "日本", "with space", "<x>", "=eq", "%5"])
def test_sessions_of_any_name_come_back_as_tmux_calls_them(
    tmux: PrivateTmux, panes: TmuxPanes, name: str
) -> None:
    pane_id = tmux.session(name)
    called = tmux.run("display-message", "-p", "-t", pane_id, "#{session_name}")
    assert by_id(panes, pane_id).session == called == name


def test_a_name_is_never_completed(tmux: PrivateTmux, panes: TmuxPanes) -> None:
    tmux.session("foobar")
    assert [pane for pane in panes.list() if pane.session == "foo"] == []
    with pytest.raises(PaneError):
        panes.capture("foo", 20)


def test_a_process_is_hosted_by_the_pane_above_it(tmux: PrivateTmux, panes: TmuxPanes) -> None:
    marker = Path(tmux.folder, "pid")
    tmux.session("other")
    pane_id = tmux.session("work", f"sh -c 'sleep 600 & echo $! > {marker}; wait'; true")
    text = until(lambda: marker.exists() and marker.read_text().strip())
    host = panes.host_of(int(text))
    assert host
    assert (host.pane_id, host.session) == (pane_id, "work")
    assert panes.host_of(os.getpid()) is None


def test_a_dead_pane_hosts_nobody(tmux: PrivateTmux, panes: TmuxPanes) -> None:
    tmux.session("keep")
    tmux.run("set-option", "-g", "remain-on-exit", "on")
    pane_id = tmux.session("work", "true")
    assert until(lambda: by_id(panes, pane_id).pane_pid == 0)


def test_my_own_pane_is_proven_before_it_is_believed(tmux: PrivateTmux, trace: FakeTrace) -> None:
    hosting, claimed = tmux.session("hosting"), tmux.session("claimed")
    environ = {**tmux.environ, "TMUX_PANE": claimed}
    panes = TmuxPanes(environ, parent_of, trace)
    proven = panes.own(tmux.pid_of(hosting))
    assert proven
    assert proven.pane_id == hosting
    believed = panes.own(os.getpid())
    assert believed
    assert believed.pane_id == claimed
    spoofed = TmuxPanes({**environ, "TMUX_PANE": "%999"}, parent_of, trace)
    assert spoofed.own(os.getpid()) is None


def test_a_capture_shows_that_pane_and_not_the_active_one(
    tmux: PrivateTmux, panes: TmuxPanes
) -> None:
    mine = tmux.session("work", "echo from-mine; exec sleep 600")
    tmux.run("split-window", "-t", mine, "echo from-the-active; exec sleep 600")
    assert not by_id(panes, mine).active
    assert until(lambda: panes.capture(mine, 20)) == "from-mine"


def test_a_capture_reaches_into_the_history_and_joins_wrapped_rows(
    tmux: PrivateTmux, panes: TmuxPanes
) -> None:
    long = "é" * 200
    pane_id = tmux.session(
        "work", f"seq 100; echo {long}; echo end; exec sleep 600", width=40, height=10
    )
    until(lambda: panes.capture(pane_id, 60).endswith("end"))
    rows = panes.capture(pane_id, 60).split("\n")
    assert rows[-2:] == [long, "end"]
    assert rows[0] == "43"
    assert panes.capture(pane_id, 2) == f"{long}\nend"


def test_a_pane_that_is_gone_is_an_error_with_a_stable_code(
    tmux: PrivateTmux, panes: TmuxPanes
) -> None:
    tmux.session("work")
    with pytest.raises(PaneError) as caught:
        panes.capture("%999", 20)
    assert caught.value.code == "tmux-error"
    assert "%999" in caught.value.message


def test_a_program_outside_tmux_finds_the_default_server_of_its_folder(
    tmux: PrivateTmux, trace: FakeTrace
) -> None:
    tmux.session("work")
    tmux.socket.with_name("default").symlink_to(tmux.socket.name)
    panes = TmuxPanes(tmux.clean, parent_of, trace)
    assert [pane.session for pane in panes.list()] == ["work"]


def test_a_private_server_leaves_nothing_behind() -> None:
    with private_tmux() as server:
        pid = server.pid_of(server.session("work"))
        assert is_running(pid)
    until(lambda: not is_running(pid))
    assert not server.folder.exists()
    server.stop()


@pytest.mark.parametrize("word", ["a;", "a\\;", ";", "\\;", "a;b", "a;;", "#;", "né;", "\\\\;"])
def test_a_word_reaches_its_command_as_it_stands(tmux: PrivateTmux, word: str) -> None:
    pane_id = tmux.session("work")
    run = Tmux(tmux.environ).run
    seen = run(
        ("set-option", "-p", "-t", pane_id, "@word", word),
        ("display-message", "-p", "-t", pane_id, "#{@word}"),
    )
    assert seen.decode() == f"{word}\n"


def test_the_first_command_that_fails_ends_the_run(tmux: PrivateTmux) -> None:
    pane_id = tmux.session("work")
    with pytest.raises(PaneError):
        Tmux(tmux.environ).run(
            ("set-option", "-p", "-t", pane_id, "@first", "1"),
            ("set-option", "-p", "-t", "%999", "@second", "1"),
            ("set-option", "-p", "-t", pane_id, "@third", "1"),
        )
    assert tmux.run("display-message", "-p", "-t", pane_id, "#{@first}#{@third}") == "1"


def test_a_server_is_started_only_where_that_is_allowed(tmux: PrivateTmux) -> None:
    run = Tmux(tmux.environ).run
    tmux.socket.parent.mkdir(mode=0o700)
    with pytest.raises(NoTmuxServer):
        run(("new-session", "-d", "-s", "work", "exec sleep 600"))
    assert not tmux.socket.exists()
    run(("new-session", "-d", "-s", "work", "exec sleep 600"), starts=True)
    assert tmux.run("list-sessions", "-F", "#{session_name}") == "work"
    tmux.run("kill-server")
    tmux.socket.touch()
    with pytest.raises(NoTmuxServer):
        run(("list-sessions",))


def test_screens_are_seen_in_the_one_call_that_lists_panes(
    tmux: PrivateTmux, trace: FakeTrace
) -> None:
    first = tmux.session("first", "printf 'hello \\033[2mfaint'; exec sleep 600")
    second = tmux.session("second", "printf 'a\\nb'; exec sleep 600")
    server = Tmux(tmux.environ, trace)

    def shown() -> list[str]:
        return [each.text for each in server.look([first, second])[1]]

    until(lambda: [text.split("\n")[0] for text in shown()] == ["hello \x1b[2mfaint", "a"])
    before = len(trace.named("tmux_call"))
    # One that is gone, and what is no pane, cost the others nothing.
    panes, screens = server.look([first, "%99", "=second:0.0", "; kill-server", second, first])
    assert len(trace.named("tmux_call")) == before + 1
    assert {each.pane_id for each in panes} == {first, second}
    assert [(each.pane_id, each.pane_pid, each.cursor_y) for each in screens] == [
        (first, tmux.pid_of(first), 0),
        (second, tmux.pid_of(second), 1),
    ]
    assert server.look([])[1] == ()
