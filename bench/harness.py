"""What rows are made of: private worlds, clean processes, samples, and rounds that interleave.

Standard library only, so that what is measured is all that has to be installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

SOURCE = Path(__file__).resolve().parents[1] / "src"
COMMAND = Path(sys.executable).with_name("oxtail")


def oxtail_command() -> list[str]:
    """The command as a user has it: the installed script if there is one."""
    return [str(COMMAND)] if COMMAND.exists() else [sys.executable, "-m", "oxtail"]


UNDAMPED = dict.fromkeys(("OXTAIL_PAIR_PER_MINUTE", "OXTAIL_SESSION_PER_MINUTE"), "1000000")
"""Limits that no row reaches, so that the governor takes its time and stops nothing."""


class World:
    """A home of its own, with a project folder in it."""

    def __init__(self, parent: Path, name: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent))
        self.project = self.home / "project"
        self.project.mkdir()

    @property
    def state(self) -> Path:
        return self.home / ".oxtail"

    def environ(self, **more: str) -> dict[str, str]:
        """A clean environment: nothing inherited but where programs are."""
        return {
            "HOME": str(self.home),
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "PYTHONPATH": str(SOURCE),
            **UNDAMPED,
            **more,
        }

    def start(self, command: Sequence[str], **more: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.project,
            env=self.environ(**more),
            bufsize=0,
        )

    def run(self, code: str, *arguments: str, **more: str) -> str:
        """Run Python *code* that may import oxtail; return what it prints."""
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            capture_output=True,
            text=True,
            cwd=self.project,
            env=self.environ(**more),
            timeout=300,
        )
        if done.returncode:
            raise RuntimeError(done.stderr.strip()[-2000:])
        return done.stdout

    def remove(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)


class Row:
    """One line of the report.

    Attributes:
        name: What ``--rows`` takes.
        title: What the report shows.
        unit: Of every sample.
        bound: What p50 may at most be; at least, where ``more_is_better``; None for a floor.
        npm14, npm32: Medians of npm oxtail 0.14.0 and 0.32.1, where they were measured.
        every: Sample in every n-th round only, for rows that take long.
        floor: What the row cannot do without, as names of floor rows and how many of each; the
            report divides by their sum.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    unit: ClassVar[str] = "ms"
    bound: ClassVar[float | None] = None
    more_is_better: ClassVar[bool] = False
    npm14: ClassVar[str] = ""
    npm32: ClassVar[str] = ""
    every: ClassVar[int] = 1
    floor: ClassVar[dict[str, int]] = {}

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.samples: list[float] = []
        self.notes: list[str] = []

    def setup(self) -> None:
        """Prepare what all rounds share."""

    def sample(self) -> Sequence[float]:
        """Measure; return one or more samples."""
        raise NotImplementedError

    def close(self) -> None:
        """End everything that was started."""


def timed(work: Callable[[], object]) -> float:
    """Milliseconds that *work* takes."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def run_to_end(command: Sequence[str], environ: dict[str, str], cwd: Path) -> tuple[float, float]:
    """Run *command*; return wall and CPU milliseconds, its children's included."""
    devnull = os.open(os.devnull, os.O_RDWR)
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=devnull, stdout=devnull, stderr=devnull, env=environ, cwd=cwd
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = (time.perf_counter() - start) * 1000
    process.returncode = os.waitstatus_to_exitcode(status)
    os.close(devnull)
    if process.returncode:
        raise RuntimeError(f"{command} exited with {process.returncode}")
    return wall, (usage.ru_utime + usage.ru_stime) * 1000


def quantile(samples: Sequence[float], share: float) -> float:
    """The sample below which *share* of all lie."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measure(rows: Sequence[Row], rounds: int, say: Callable[[str], None]) -> None:
    """Take *rounds* rounds over all *rows*, interleaved; every row is closed whatever happens."""
    try:
        for row in rows:
            say(f"setting up {row.name}")
            row.setup()
        for number in range(rounds):
            for row in rows:
                if number % row.every == 0:
                    row.samples.extend(row.sample())
            say(f"round {number + 1} of {rounds}")
    finally:
        for row in rows:
            row.close()
