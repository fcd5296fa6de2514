"""What every scenario needs: one project, the model, the clients, and a place for the facts.

Rule of this file: it runs inside the namespaces, standard library only.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from e2e.clients.model import CLIENT_SECONDS, Mind, Model

PLAIN: Final = {
    name: os.environ[name] for name in ("HOME", "LANG", "PATH", "TERM", "TZ") if name in os.environ
}
"""What a client inherits; its driver adds what it needs."""

TAIL: Final = 1_500
"""How many characters of each text a failed scenario shows."""


class Running:
    """A client that was started; its output goes to a file in ``~/log``."""

    def __init__(self, name: str, argv: list[str], environ: Mapping[str, str], cwd: str) -> None:
        os.makedirs(os.path.expanduser("~/log"), exist_ok=True)
        self.name = name
        self.log = os.path.expanduser(f"~/log/{name}.txt")
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                argv, env={**PLAIN, **environ}, cwd=cwd,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def end(self) -> int:
        """Wait until the client has ended by itself; return its exit code."""
        return self._process.wait(CLIENT_SECONDS)

    def kill(self) -> None:
        """End the client as a crash would: it gets no chance to say goodbye."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(CLIENT_SECONDS)


def until(condition: Callable[[], Any], what: str, within: float = CLIENT_SECONDS) -> Any:
    """Return the first true value of *condition*, or fail after *within* seconds."""
    deadline = time.monotonic() + within
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"still not true after {within} s: {what}")
        time.sleep(0.02)
    return value


def oxtail_server() -> tuple[str, list[str], dict[str, str]]:
    """Return command, arguments and environment of an oxtail server, for a client's settings."""
    environ = {"PYTHONPATH": os.environ["SCENARIO_SOURCE"]}
    return sys.executable, ["-m", "oxtail", "serve"], environ


def client_program(name: str) -> str:
    """Return the program of the client *name*."""
    return os.path.join(os.environ["SCENARIO_CLIENTS"], "bin", name)


def servers() -> list[int]:
    """Return the pids of the oxtail servers that run now."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                argv = file.read().split(b"\0")
        except OSError:
            continue  # it ended meanwhile
        if argv[1:4] == [b"-m", b"oxtail", b"serve"]:
            found.append(int(name))
    return found


class Stage:
    """A scenario in progress."""

    def __init__(self, model: Model, project: str) -> None:
        self.model = model
        self.project = project
        self.facts: dict[str, Any] = {}
        self.minds: list[Mind] = []

    def end(self) -> None:
        """Check that no server outlives its client."""
        until(lambda: not servers(), "each server ends with its client")


@contextmanager
def stage() -> Iterator[Stage]:
    """Set up a project; write the facts at the end, or what was seen if the scenario fails."""
    project = os.path.expanduser("~/project")
    os.makedirs(os.path.join(project, ".git"), exist_ok=True)
    with Model() as model:
        scene = Stage(model, project)
        try:
            yield scene
        except BaseException:
            _tell(scene)
            raise
    with open(os.path.expanduser("~/facts.json"), "w", encoding="utf-8") as file:
        json.dump(scene.facts, file)


def _tell(scene: Stage) -> None:
    """Write what there is to see: facts, each client's turns and output, the state folder."""
    write = sys.stdout.write
    write(f"facts: {json.dumps(scene.facts, indent=1)}\n")
    for mind in scene.minds:
        write(f"{mind.name}: {len(mind.turns)} turns\n")
        for turn in mind.turns:
            write(f"- {mind.dialect.text(turn.body)[-TAIL:]}\n")
    for top in ("~/log", "~/.oxtail"):
        for folder, _, names in os.walk(os.path.expanduser(top)):
            for name in names:
                path = os.path.join(folder, name)
                write(f"file {path}\n")
                try:
                    with open(path, encoding="utf-8", errors="replace") as file:
                        write(f"{file.read()[-TAIL:]}\n")
                except OSError as error:
                    write(f"{error}\n")
