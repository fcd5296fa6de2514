"""The demo: it shows what it claims, fails where that does not hold, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from helpers.command import finish, oxtail, start
from helpers.waiting import until
from oxtail.cli.demo.client import DemoFailed
from oxtail.cli.demo.story import Narrator
from oxtail.cli.demo.world import World


def processes_below(folder: Path) -> list[int]:
    """Return the processes that work in *folder*."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            where = os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            continue
        if where.startswith(str(folder)):
            found.append(int(pid))
    return found


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo puts its folder."""
    return tmp_path_factory.mktemp("t")


@pytest.mark.slow
def test_the_demo_holds_and_leaves_nothing_behind(home: Path, temporary: Path) -> None:
    done = oxtail("demo", TMPDIR=str(temporary))

    assert done.status == 0, done.err
    assert done.out.count("  ok: ") >= 15
    assert " 0 lost" in done.out
    assert list(temporary.iterdir()) == []
    assert list(home.iterdir()) == []
    assert processes_below(temporary) == []


@pytest.mark.slow
def test_the_demo_answers_with_json() -> None:
    done = oxtail("demo", "--json")

    result = done.json["result"]
    assert (done.status, result["lost"], result["killed"]) == (0, 0, 1)
    assert result["sent"] == result["shown"] >= 8


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_nothing_behind(temporary: Path, number: signal.Signals) -> None:
    demo = start("demo", TMPDIR=str(temporary))
    until(lambda: len(processes_below(temporary)) >= 2)
    demo.send_signal(number)
    done = finish(demo)

    assert done.status == 130
    assert "Traceback" not in done.err
    assert list(temporary.iterdir()) == []
    assert processes_below(temporary) == []


def test_a_claim_that_does_not_hold_ends_the_demo() -> None:
    said: list[str] = []
    narrator = Narrator(said.append, pace=0.0)

    narrator.check("two is two", 2 == 1 + 1)
    with pytest.raises(DemoFailed):
        narrator.check("two is three", 1 + 1 == 3)

    assert said == ["  ok: two is two\n"]
    assert narrator.checks == 1


def test_a_world_ends_its_processes_even_on_failure() -> None:
    world = World()

    def fail() -> None:
        with world:
            started.append(world.start("-c", "import sys; sys.stdin.read()"))
            raise RuntimeError

    started: list[subprocess.Popen[bytes]] = []
    with pytest.raises(RuntimeError):
        fail()

    (process,) = started
    assert process.returncode == -signal.SIGKILL
    assert not os.path.exists(world.folder)


def test_an_interrupt_while_a_process_starts_ends_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def start_and_interrupt(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(popen(*arguments, **options))
        os.kill(os.getpid(), signal.SIGTERM)
        return started[0]

    monkeypatch.setattr(subprocess, "Popen", start_and_interrupt)
    world = World()
    with world, pytest.raises(KeyboardInterrupt):
        world.start("-c", "import sys; sys.stdin.read()")

    assert [process.returncode for process in started] == [-signal.SIGKILL]
    assert not os.path.exists(world.folder)


def test_nothing_of_the_user_reaches_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "mine")
    monkeypatch.setenv("OXTAIL_HOME", "/mine")
    monkeypatch.setenv("TMUX", "/mine,1,0")
    with World() as world:
        process = world.start("-c", "import os; print(sorted(os.environ))")
        assert process.stdout
        seen = process.stdout.read().decode()

    assert "CLAUDE" not in seen
    assert "OXTAIL" not in seen
    assert "'TMUX'" not in seen
