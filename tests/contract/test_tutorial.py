"""The tutorial works as written: its commands are run in order and print what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from helpers.waiting import until

ROOT = Path(__file__).resolve().parents[2]
FIRST_TERMINAL = "# first terminal\n"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """One fenced block of the page."""

    kind: str
    text: str


def blocks() -> list[Block]:
    page = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    return [Block(*found) for found in _BLOCK.findall(page)]


def matches(pattern: str, output: str) -> bool:
    """Whether *output* is *pattern*, in which three dots stand for anything."""
    return bool(re.fullmatch(re.escape(pattern).replace(r"\.\.\.", ".*"), output, re.DOTALL))


class Terminal:
    """A shell that keeps its folder and its exported variables between commands."""

    def __init__(self, home: Path) -> None:
        self.folder = home
        tools = home / "bin"
        tools.mkdir()
        for name, command in (("oxtail", "-m oxtail"), ("python3", "")):
            (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {command} "$@"\n')
            (tools / name).chmod(0o755)
        self.environ = {
            **os.environ,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
        }

    def run(self, script: str) -> str:
        tail = '\nprintf "\\0%s\\0" "$PWD"; env -0'
        done = subprocess.run(
            ["sh", "-ec", script + tail],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.environ,
            timeout=60,
        )
        assert done.returncode == 0, f"{script}{done.stdout}{done.stderr}"
        output, folder, *variables = done.stdout.split("\0")
        self.folder = Path(folder)
        self.environ = dict(each.split("=", 1) for each in variables if "=" in each)
        return output

    def start(self, script: str, log: Path) -> subprocess.Popen[bytes]:
        """Start *script* in another terminal, without keeping its variables."""
        with log.open("wb") as out:
            lines = script.strip().split("\n")
            lines[-1] = f"exec {lines[-1]}"  # so that the id of the process is that of the program
            return subprocess.Popen(
                ["sh", "-ec", "\n".join(lines)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=self.folder,
                env=self.environ,
            )


@pytest.mark.slow
def test_the_tutorial_works_as_written(home: Path) -> None:
    here = Terminal(home)
    log = home / "first-terminal.log"
    printed, reviewer_script = "", ""
    reviewer: subprocess.Popen[bytes] | None = None
    try:
        for block in blocks():
            if block.kind == "python":
                name = block.text.split("\n", 1)[0].removeprefix("# ")
                (here.folder / name).write_text(block.text, encoding="utf-8")
            elif block.kind == "sh" and block.text.startswith(FIRST_TERMINAL):
                reviewer_script = block.text
                reviewer = here.start(block.text, log)
                until(lambda: b"reviewer is here" in log.read_bytes())
            elif block.kind == "sh":
                if "tutorial-reviewer" in block.text and reviewer:
                    reviewer.terminate()  # step 6 stops it
                    reviewer.wait(60)
                printed = here.run(block.text)
            else:
                assert matches(block.text, printed), f"{block.text!r} is not {printed!r}"
        assert "got: The branch is ready." in log.read_text(encoding="utf-8")
        reviewer = here.start(reviewer_script, log)
        until(lambda: b"got: Please look at the lexer, too." in log.read_bytes())
    finally:
        if reviewer and reviewer.poll() is None:
            reviewer.terminate()
            reviewer.wait(60)
