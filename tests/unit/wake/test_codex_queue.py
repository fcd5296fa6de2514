from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.fakes import FakeTrace
from helpers.waiting import until
from oxtail.core.offer import Offer
from oxtail.wake import codex_queue
from oxtail.wake.codex_queue import CodexQueue

THREAD = "01a204b2-49df-7fa1-ac4f-e9753b464202"

RECORDING = """\
import json, os, sys
folder = os.path.dirname(os.path.abspath(__file__))
with open(folder + "/call", "w") as file:
    json.dump({"argv": sys.argv[1:], "env": dict(os.environ), "cwd": os.getcwd()}, file)
"""


def program(folder: Path, body: str) -> str:
    """Write an executable ``codex`` with a Python *body*; return its path."""
    folder.mkdir(exist_ok=True)
    path = folder / "codex"
    path.write_text(f"#!{sys.executable}\n{body}")
    path.chmod(0o755)
    return str(path)


def queue(
    codex: str | None, environ: dict[str, str] | None = None, **options: object
) -> CodexQueue:
    thread: Callable[[], str | None] = lambda: THREAD  # noqa: E731
    options.setdefault("ancestors", tuple)
    return CodexQueue(codex, environ or {}, thread, **options)  # type: ignore[arg-type]


def test_a_text_is_queued_with_one_argument_per_option(tmp_path: Path) -> None:
    codex = program(tmp_path, RECORDING)
    environ = {
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "CODEX_HOME": "/c",
        "CLAUDE_CODE_MESSAGING_TOKEN": "secret",
        "OXTAIL_HOME": "/o",
    }
    text = "--help; $(id) `id`\nmail 0123 é"
    assert queue(codex, environ).offer(text) == Offer("accepted")
    call = json.loads((tmp_path / "call").read_text())
    assert call["argv"] == ["queue", f"--thread={THREAD}", f"--message={text}"]
    assert call["cwd"] == "/"
    assert {name: call["env"].get(name) for name in environ} == {
        **environ,
        "CLAUDE_CODE_MESSAGING_TOKEN": None,
        "OXTAIL_HOME": None,
    }


def test_characters_that_no_argument_can_hold_are_replaced(tmp_path: Path) -> None:
    codex = program(tmp_path, RECORDING)
    assert queue(codex).offer("a\0b\ud800c").outcome == "accepted"
    assert json.loads((tmp_path / "call").read_text())["argv"][2] == "--message=a\ufffdb?c"


@pytest.mark.parametrize(
    "thread", [None, "", "main", f"{THREAD} --resume", THREAD.upper(), "../" + THREAD, "-" * 36]
)
def test_a_thread_that_is_none_is_never_asked_for(tmp_path: Path, thread: str | None) -> None:
    codex = program(tmp_path, RECORDING)
    door = CodexQueue(codex, {}, lambda: thread, ancestors=tuple)
    assert not door.is_available()
    assert door.offer("x").outcome == "unavailable"
    assert not (tmp_path / "call").exists()


def test_without_a_program_it_is_unavailable(tmp_path: Path) -> None:
    door = queue(None, {"PATH": f"{tmp_path}:relative:"})
    assert not door.is_available()
    assert door.offer("x").outcome == "unavailable"


def test_a_program_that_is_gone_is_a_failure(tmp_path: Path) -> None:
    assert queue(str(tmp_path / "codex")).offer("x").outcome == "failed"


def test_a_program_that_fails_is_quoted_and_bounded(tmp_path: Path) -> None:
    codex = program(tmp_path, "import sys\nsys.exit('no\\n  rollout ' + 'x' * 5000)")
    offer = queue(codex).offer("x")
    assert offer.outcome == "failed"
    assert "no rollout" in offer.detail
    assert len(offer.detail) < 400


def test_a_program_that_hangs_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        f"open('{tmp_path}/pids', 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(600)\n"
    )
    codex, noted = program(tmp_path, body), tmp_path / "pids"
    # Long enough for it to have started what must end with it, which a busy machine decides.
    for seconds in (0.5, 2.0, 8.0, 32.0):
        monkeypatch.setattr(codex_queue, "QUEUE_SECONDS", seconds)
        assert queue(codex).offer("x").outcome == "failed"
        if noted.exists() and noted.read_text():
            break
    pids = [int(word) for word in noted.read_text().split()]
    assert len(pids) == 2

    def gone(pid: int) -> bool:
        stat = Path(f"/proc/{pid}/stat")
        return not stat.exists() or ") Z " in stat.read_text()

    until(lambda: all(gone(pid) for pid in pids))


def test_a_text_that_is_too_long_starts_no_program(tmp_path: Path) -> None:
    codex = program(tmp_path, RECORDING)
    assert queue(codex).offer("x" * 200_000).outcome == "failed"
    assert not (tmp_path / "call").exists()


@pytest.fixture
def codex_above(tmp_path: Path) -> Iterator[Callable[..., int]]:
    """Start a process whose program is called ``codex``; return its pid."""
    started: list[subprocess.Popen[bytes]] = []
    copy = tmp_path / "release" / "codex"
    copy.parent.mkdir()
    shutil.copy("/bin/sleep", copy)

    def start(**environ: str) -> int:
        process = subprocess.Popen([str(copy), "600"], env={**environ, "LAST": "1"})
        started.append(process)
        # The kernel shows the program a moment before it shows its variables.
        until(lambda: b"LAST=1" in Path(f"/proc/{process.pid}/environ").read_bytes())
        return process.pid

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_the_program_of_the_codex_above_comes_before_the_path(
    tmp_path: Path, codex_above: Callable[..., int]
) -> None:
    on_path = program(tmp_path / "bin", RECORDING)
    pid = codex_above()
    door = queue(None, {"PATH": os.path.dirname(on_path)}, ancestors=lambda: (os.getpid(), pid))
    assert door.is_available()
    # The stand-in is a sleep, which refuses the arguments; the recorder was not run.
    assert door.offer("x").outcome == "failed"
    assert not (tmp_path / "bin" / "call").exists()


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_the_folders_of_the_codex_above_are_used(
    tmp_path: Path, codex_above: Callable[..., int]
) -> None:
    codex = program(tmp_path / "bin", RECORDING)
    pid = codex_above(CODEX_HOME="/elsewhere", SECRET="s")
    assert queue(codex, {"HOME": "/h"}, ancestors=lambda: (pid,)).offer("x").outcome == "accepted"
    environ = json.loads((tmp_path / "bin" / "call").read_text())["env"]
    assert (environ["CODEX_HOME"], environ["HOME"]) == ("/elsewhere", "/h")
    assert "SECRET" not in environ


def test_the_program_is_looked_for_on_the_path_once(tmp_path: Path) -> None:
    codex = program(tmp_path / "bin", RECORDING)
    asked: list[None] = []

    def ancestors() -> tuple[int, ...]:
        asked.append(None)
        return (2**30, 0)

    door = queue(None, {"PATH": os.path.dirname(codex)}, ancestors=ancestors)
    assert [door.offer("x").outcome for _ in range(2)] == ["accepted"] * 2
    assert len(asked) == 1


def test_each_offer_is_traced_without_its_text(tmp_path: Path) -> None:
    trace = FakeTrace()
    queue(program(tmp_path, RECORDING), trace=trace).offer("private words")
    (event,) = trace.named("own_door_offered")
    assert (event["door"], event["outcome"]) == ("codex-queue", "accepted")
    assert "private words" not in repr(trace.events)
