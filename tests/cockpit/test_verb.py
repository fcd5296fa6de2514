"""``oxtail cockpit`` as a command: without a terminal, without the extra, and on a terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import stat
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from helpers.command import oxtail, python_peer
from helpers.waiting import PATIENCE
from oxtail.cli import cockpit
from oxtail.cli.main import main
from oxtail.cockpit.crash import crashed
from oxtail.core.fleet_errors import CockpitCrashed
from oxtail.errors import ExtraMissing

ME = "aaaaaaaa-0000-4000-8000-000000000001"
ENTER_SCREEN, LEAVE_SCREEN, SHOW_CURSOR = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "project"
    (path / ".git").mkdir(parents=True)
    monkeypatch.chdir(path)
    return path


def test_without_a_terminal_it_prints_what_status_prints(capsys):
    assert main(["cockpit"]) == 0
    printed = capsys.readouterr().out
    assert main(["status"]) == 0
    assert printed == capsys.readouterr().out
    assert main(["cockpit", "--dock", "--json"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert (line["command"], line["result"]["agents"]) == ("cockpit", [])


@pytest.mark.parametrize(
    "words", [["--nope"], ["extra"], ["--port", "80"], ["--web-write"], ["--port=no", "--web"]]
)
def test_a_typing_error_is_an_error(words, capsys):
    assert main(["cockpit", *words]) == 2
    assert "usage-error" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("package", "words", "extra"),
    [("textual", (), "oxtail[cockpit]"), ("textual_serve", ("--web",), "oxtail[web]")],
)
def test_without_the_extra_it_says_which_one_to_install(package, words, extra, monkeypatch, capsys):
    for name in list(sys.modules):
        if name.split(".")[0] in ("textual", "textual_serve") or name.startswith("oxtail.cockpit"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr(cockpit, "_has_terminal", lambda: True)
    assert main(["cockpit", *words]) == 1 or ExtraMissing.exit_status
    said = capsys.readouterr().err
    assert f"pip install '{extra}'" in said
    assert "extra-missing" in said


class Pty:
    """The command on a terminal of 24 by 80; *program* is how Python runs it."""

    def __init__(self, *words: str, program: tuple[str, ...] = ("-m", "oxtail")) -> None:
        primary, secondary = pty.openpty()
        fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(secondary)
        self.secondary, self.primary = secondary, primary
        self.process = subprocess.Popen(
            [sys.executable, *program, "cockpit", *words],
            stdin=secondary, stdout=secondary, stderr=secondary,
            env={**os.environ, "TERM": "xterm-256color"}, start_new_session=True,
        )  # fmt: skip
        self.seen = b""

    def until(self, word: bytes, within: float = PATIENCE) -> None:
        end = time.monotonic() + within
        while word not in self.seen:
            assert time.monotonic() < end, self.seen[-800:]
            if select.select([self.primary], [], [], 0.2)[0]:
                self.seen += os.read(self.primary, 1 << 16)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.primary)
        os.close(self.secondary)


@pytest.mark.slow
@pytest.mark.parametrize("end", ["key", "term"])
def test_on_a_terminal_it_shows_the_fleet_and_leaves_the_terminal_as_it_was(end):
    with python_peer("alice", ME):
        screen = Pty()
        try:
            screen.until(b"alice")
            if end == "key":
                os.write(screen.primary, b"\x03")
            else:
                screen.process.terminate()
            screen.until(SHOW_CURSOR)
            status = screen.process.wait(timeout=60)
            assert status == 0
            assert screen.seen.count(ENTER_SCREEN) == screen.seen.count(LEAVE_SCREEN) == 1
            assert b"\x1b[?2004l" in screen.seen
            assert termios.tcgetattr(screen.secondary)[:4] == screen.before[:4]
        finally:
            screen.close()


@pytest.mark.slow
def test_it_ends_when_its_terminal_has_gone_without_a_signal():
    screen = Pty()
    try:
        screen.until(b"No agents")
        os.close(screen.secondary)
        os.close(screen.primary)
        screen.process.wait(timeout=60)
    finally:
        screen.process.kill()
        screen.process.wait()


FAULTY = """
import sys
from oxtail.cockpit.app import Cockpit
from oxtail.cockpit.widgets.fleet_table import FleetTable
from oxtail.cli.main import main

def broken(self, *rest):
    body = "a word that " + "nobody may see"
    raise ValueError("what it says " + "is for the file")

{where} = broken
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("where", ["FleetTable.show", "Cockpit.on_mount", "Cockpit.run"])
def test_a_fault_restores_the_terminal_and_tells_it_no_value(where, home):
    screen = Pty("--no-doctor", program=("-c", FAULTY.format(where=where)))
    try:
        screen.until(b"[cockpit-crashed]")
        assert screen.process.wait(timeout=60) == CockpitCrashed.exit_status == 1
        assert screen.seen.count(LEAVE_SCREEN) == 1
        assert screen.seen.rindex(SHOW_CURSOR) > screen.seen.rindex(LEAVE_SCREEN)
        assert termios.tcgetattr(screen.secondary)[:4] == screen.before[:4]
    finally:
        screen.close()
    path = home / ".oxtail" / "cockpit-crash.txt"
    told = screen.seen[screen.seen.rindex(LEAVE_SCREEN) :].decode()
    assert "ValueError" in told
    assert str(path) in told
    assert "Traceback" not in told
    kept = path.read_text()
    assert "in broken" in kept
    assert "what it says is for the file" in kept
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for text in (screen.seen.decode(), kept):
        assert "a word that nobody may see" not in text
    assert "what it says" not in screen.seen.decode()


def test_a_fault_whose_details_cannot_be_kept_is_told_all_the_same():
    def full(_text: str) -> str:
        raise OSError(28, "No space left on device")

    told = crashed(KeyError("secret"), full)
    assert (told.code, told.fields) == ("cockpit-crashed", {"error": "KeyError"})
    assert "secret" not in told.message


STUCK = """
import sys, threading
from oxtail.cockpit import run
from oxtail.cockpit.app import Cockpit
from oxtail.cli.main import main

def stuck(self, *rest):
    sys.__stdout__.write("it is stuck")
    sys.__stdout__.flush()
    threading.Event().wait()

Cockpit.on_fleet_seen = stuck
run.END_SECONDS = 0.5
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_it_ends_without_a_terminal_even_if_it_is_stuck():
    screen = Pty("--no-doctor", program=("-c", STUCK))
    try:
        screen.until(b"it is stuck")
        os.close(screen.secondary)
        os.close(screen.primary)
        screen.process.wait(timeout=20)
    finally:
        screen.process.kill()
        screen.process.wait()


def test_the_command_that_is_installed_knows_the_verb():
    done = oxtail("cockpit", "--help")
    assert done.status == 0
    assert "--dock" in done.out
