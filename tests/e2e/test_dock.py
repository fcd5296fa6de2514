"""Docking the windows of a real tmux server: strips are added once, and nothing else is touched."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.capabilities import where
from helpers.fakes import FakeTrace
from helpers.terminal import terminal
from helpers.tmux import PrivateTmux, needs_tmux, private_tmux
from helpers.waiting import until
from oxtail.app.dock import Dock, Weld, weld, weld_more
from oxtail.core.dock import DockSession
from oxtail.errors import PaneError
from oxtail.tmux.server import Tmux
from oxtail.tmux.strips import TmuxStrips

pytestmark = [needs_tmux]

STRIP = ("sleep", "601")


@pytest.fixture
def tmux() -> Iterator[PrivateTmux]:
    with private_tmux() as server:
        server.name = "default"  # what a program outside tmux finds in this folder
        server.socket = server.socket.with_name(server.name)
        yield server


@pytest.fixture
def strips(tmux: PrivateTmux) -> TmuxStrips:
    # A locale that shows no letter beyond ASCII: tmux must tell the names all the same.
    # Inside tmux, tmux takes that for granted.
    environ = {**tmux.clean, "LANG": "C", "LC_ALL": "C"}
    return TmuxStrips(Tmux(environ, FakeTrace()), {"OXTAIL_HOME": "/else where"})


class Stage:
    def __init__(self, tmux: PrivateTmux, strips: TmuxStrips, root: Path) -> None:
        self.tmux, self.strips, self.root = tmux, strips, root

    def session(self, name: str = "repo") -> DockSession:
        found = self.strips.session(name)
        assert found
        return found

    def weld(self, *, flips: bool = True, **more: object) -> Weld:
        dock = Dock(self.strips, lambda _: STRIP, flips)
        return weld(dock, self.session(), str(self.root), rows=6, **more)  # type: ignore[arg-type]

    def panes(self) -> list[str]:
        form = "#{session_name} #{window_id} #{pane_id} #{pane_height} #{@oxpit_dock}"
        return self.tmux.run("list-panes", "-a", "-F", form).splitlines()

    def key(self) -> str:
        # tmux lists a single key with an error if it is bound to nothing.
        table = self.tmux.run("list-keys", "-T", "root").splitlines()
        return next((line for line in table if " C-] " in line), "")


@pytest.fixture
def stage(tmux: PrivateTmux, strips: TmuxStrips, tmp_path: Path) -> Stage:
    root = tmp_path / "pro#{pane_id}ject"
    root.mkdir()
    return Stage(tmux, strips, root)


def test_each_window_gets_one_strip_whatever_it_is_called(stage: Stage) -> None:
    first = stage.tmux.session("repo")
    stage.tmux.run("rename-window", "-t", first, "2.1.330")
    second = stage.tmux.run("new-window", "-d", "-P", "-F", "#{pane_id}", "-t", "=repo:", "cat")
    stage.tmux.run("rename-window", "-t", second, "\u2603 a b=:.")
    foreign = stage.tmux.session("repo-2")

    done = stage.weld()

    assert [window.state for window in done.windows] == ["added", "added"]
    assert [window.name for window in done.windows] == ["2.1.330", "\u2603 a b=:."]
    docked = [line.split() for line in stage.panes() if line.endswith(" 1")]
    assert [line[3] for line in docked] == ["6", "6"]
    assert {line[0] for line in docked} == {"repo"}
    strip = done.windows[0].pane_id
    form = "#{pane_current_path} #{pane_start_command}"
    assert stage.tmux.run("display-message", "-p", "-t", strip or "", form).split() == [
        str(stage.root), *STRIP,
    ]  # fmt: skip
    active = stage.tmux.run("list-panes", "-a", "-f", "#{pane_active}", "-F", "#{pane_id}")
    assert set(active.split()) == {first, second, foreign}


def test_docking_again_adds_nothing(stage: Stage) -> None:
    stage.tmux.session("repo")
    stage.weld()
    before = stage.panes()
    stage.tmux.run("new-window", "-d", "-t", "=repo:", "cat")
    done = stage.weld()
    assert [window.state for window in done.windows] == ["kept", "added"]
    assert len(stage.panes()) == len(before) + 2


def test_a_window_that_came_later_gets_its_strip_where_others_have_one(stage: Stage) -> None:
    dock = Dock(stage.strips, lambda _: STRIP, flips=False)
    assert weld_more(dock, "repo", str(stage.root)) is None
    stage.tmux.session("repo")
    assert weld_more(dock, "repo", str(stage.root)) is None
    stage.weld()
    stage.tmux.run("new-window", "-d", "-t", "=repo:", "cat")
    done = weld_more(dock, "repo", str(stage.root))
    assert done
    assert [window.state for window in done.windows] == ["kept", "added"]
    assert weld_more(dock, "repo", str(stage.root)) is None


def test_a_session_whose_name_begins_like_it_is_another_one(stage: Stage) -> None:
    stage.tmux.session("repo-2")
    stage.tmux.run("rename-window", "-t", "repo-2", "repo")
    assert stage.strips.session("repo") is None
    stage.strips.make("repo", str(stage.root))
    assert [window.name for window in stage.session().windows] == ["main"]
    assert len(stage.session("repo-2").windows) == 1


def test_a_window_without_room_ends_no_other_one(stage: Stage) -> None:
    stage.tmux.session("repo")
    small = stage.tmux.run("new-window", "-d", "-P", "-F", "#{window_id}", "-t", "=repo:", "cat")
    stage.tmux.run("resize-window", "-t", small, "-x", "80", "-y", "2")
    assert [window.state for window in stage.weld().windows] == ["added", "failed"]


def test_that_no_window_could_be_docked_is_an_error(stage: Stage) -> None:
    stage.tmux.session("repo", height=2)
    with pytest.raises(PaneError):
        stage.weld()
    assert len(stage.panes()) == 1


def test_the_strip_gets_the_settings_that_its_pane_would_not_inherit(stage: Stage) -> None:
    pane = stage.tmux.session("repo")
    window = stage.tmux.run("display-message", "-p", "-t", pane, "#{window_id}")
    said = stage.root / "said"
    stage.strips.add(window, 5, str(stage.root), ("sh", "-c", 'echo "$OXTAIL_HOME" >said; cat'))
    until(lambda: said.exists() and said.read_text() == "/else where\n")


def test_the_key_flips_in_docked_windows_and_nowhere_else(stage: Stage) -> None:
    stage.tmux.session("repo")
    stage.weld()
    assert "@oxpit_cockpit" in stage.key()
    assert stage.weld().flip.works
    assert stage.weld(flips=False).flip.do == "unbind"
    assert stage.key() == ""
    option = stage.tmux.run("show-options", "-wqv", "-t", "=repo:", "@oxpit_cockpit")
    assert option == ""


def test_the_key_goes_down_to_the_strip_and_up_again(stage: Stage) -> None:
    top = stage.tmux.session("repo", "exec cat -v")
    docked = stage.weld().windows[0].pane_id
    plain = stage.tmux.session("other", "exec cat -v")

    def has_keys(session: str) -> str:
        return stage.tmux.run("display-message", "-p", "-t", f"={session}:", "#{pane_id}")

    attach = [str(where("tmux")), "-u", "-L", stage.tmux.name, "attach-session", "-t"]
    environ = {**stage.tmux.clean, "TERM": "xterm"}
    with terminal([*attach, "=repo"], environ, stage.root) as screen:
        until(lambda: stage.session().is_attached)
        screen.press("\x1d")
        until(lambda: has_keys("repo") == docked)
        screen.press("\x1d")
        until(lambda: has_keys("repo") == top)
    with terminal([*attach, "=other"], environ, stage.root) as screen:
        until(lambda: stage.session("other").is_attached)
        screen.press("\x1d")
        until(lambda: "^]" in stage.tmux.run("capture-pane", "-p", "-t", plain))


def test_a_key_that_somebody_has_bound_stays_theirs(stage: Stage) -> None:
    stage.tmux.session("repo")
    stage.tmux.run("bind-key", "-T", "root", "C-]", "next-window")
    done = stage.weld()
    assert (done.flip.works, bool(done.flip.warning)) == (False, True)
    stage.weld(flips=False)
    assert "next-window" in stage.key()


def test_a_window_that_nobody_looks_at_gets_its_size_and_stays_flexible(stage: Stage) -> None:
    stage.tmux.session("repo")
    stage.weld(size=(132, 50))
    form = "#{window_width}x#{window_height}"
    assert stage.tmux.run("display-message", "-p", "-t", "=repo:", form) == "132x50"
    assert stage.tmux.run("show-options", "-wqv", "-t", "=repo:", "window-size") == ""
    heights = [line.split()[3] for line in stage.panes()]
    assert heights == ["43", "6"]


def test_a_strip_is_found_by_its_pane(stage: Stage) -> None:
    pane_id = stage.tmux.session("repo")
    stage.weld()
    (strip,) = (line.split()[2] for line in stage.panes() if line.endswith(" 1"))

    found, above = stage.strips.pane(strip), stage.strips.pane(pane_id)

    assert found
    assert above
    assert (found.has_strip, above.has_strip) == (True, False)
    assert (found.session, found.window_index) == ("repo", above.window_index)
    assert stage.strips.pane("%9999") is None


@pytest.mark.slow
def test_a_real_strip_takes_no_more_rows_than_it_needs(
    tmux: PrivateTmux, stage: Stage, tmp_path: Path
) -> None:
    stage.tmux.session("repo")
    home = tmp_path / "home"
    strips = TmuxStrips(Tmux(tmux.clean, FakeTrace()), {"HOME": str(home), "TERM": "tmux-256color"})
    words = (sys.executable, "-P", "-m", "oxtail", "cockpit", "--dock", "--no-doctor")
    weld(Dock(strips, lambda root: (*words, "--project", root), True), stage.session(),
         str(stage.root), rows=9)  # fmt: skip
    (strip,) = (line.split()[2] for line in stage.panes() if line.endswith(" 1"))

    until(lambda: "no agents" in tmux.run("capture-pane", "-p", "-t", strip))
    until(lambda: f"{strip} 4 1" in "\n".join(stage.panes()))
