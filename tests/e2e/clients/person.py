"""What a person has after ``oxtail setup``: both clients on PATH, their settings, and commands.

Rule of this file: it runs inside the namespaces; what it starts is what the person would start.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, Final

from e2e.clients import terminal
from e2e.clients.claude import ClaudeCode
from e2e.clients.codex import ENVIRON, Codex
from e2e.clients.doors import screen
from e2e.clients.hooks import TRACE
from e2e.clients.stage import PLAIN, Running, Stage, client_program, until

HOME: Final = os.path.expanduser("~")
PATH: Final = f"{HOME}/bin:{PLAIN['PATH']}"
IDLE_SIGNS: Final = {
    "claude": "auto mode on",
    "holder": "auto mode on",
    "refuser": "auto mode on",
    "codex": "Ask Codex",
}

CODEX_SETTINGS: Final = """\
model = "scripted"
model_provider = "scripted"
check_for_update_on_startup = false

[model_providers.scripted]
name = "scripted"
base_url = {address}
wire_api = "responses"
env_key = "SCRIPTED_KEY"
request_max_retries = 0
stream_max_retries = 0

[analytics]
enabled = false

[projects.{project}]
trust_level = "trusted"
"""


class SetUpClaude(ClaudeCode):
    """Claude Code as setup left it."""

    def arguments(self) -> list[str]:
        """Return only what spares a person the question whether a tool may run."""
        return ["--allowedTools", "mcp__oxtail__*"]

    def environ(self) -> dict[str, str]:
        """As ever, with the person's own commands."""
        return {**super().environ(), "PATH": PATH, "MCP_TRACE_FILE": TRACE}


class SetUpCodex(Codex):
    """Codex as setup left it.

    It gets no options: with some of them Codex keeps a session to itself, and a text that is queued
    for it waits up to ten seconds.
    """

    def start(self, prompt: str) -> Running:
        """Start or resume the session without a screen."""
        argv = [client_program("codex"), "exec", "--skip-git-repo-check"]
        argv += ["resume", self.session_id] if self._started else []
        self._started = True
        return Running(self.name, [*argv, prompt], self.environ(), self._project)

    def environ(self) -> dict[str, str]:
        """Return what its model needs, with the person's own commands."""
        return {**ENVIRON, "PATH": PATH, "MCP_TRACE_FILE": TRACE}

    def show(self, prompt: str) -> None:
        """Start or resume the session on a screen."""
        argv = [client_program("codex")]
        if self._started:
            argv += ["resume", self.session_id]
        self._started = True
        terminal.show(self.name, [*argv, prompt], self.environ(), self._project)


Client = SetUpClaude | SetUpCodex


def furnish(scene: Stage) -> None:
    """Put the clients and oxtail on PATH, and give Codex the settings of its person."""
    os.makedirs(f"{HOME}/bin")
    os.makedirs(f"{HOME}/log", exist_ok=True)
    for name in ("claude", "codex"):
        os.symlink(client_program(name), f"{HOME}/bin/{name}")
    words = [
        f"PYTHONPATH={os.environ['SCENARIO_SOURCE']} MCP_TRACE_FILE={TRACE}",
        f'exec {sys.executable} -m oxtail "$@"',
    ]
    with open(f"{HOME}/bin/oxtail", "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\n{' '.join(words)}\n")
    os.chmod(f"{HOME}/bin/oxtail", 0o755)
    os.makedirs(f"{HOME}/.codex")
    with open(f"{HOME}/.codex/config.toml", "w", encoding="utf-8") as file:
        address = json.dumps(f"{scene.model.address('codex')}/v1")
        file.write(CODEX_SETTINGS.format(address=address, project=json.dumps(scene.project)))


def amend() -> None:
    """Add what a person may add: Codex asks nobody about our tools, and its servers trace."""
    path = f"{HOME}/.codex/config.toml"
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    place = lines.index("[mcp_servers.oxtail]") + 1
    mode = 'default_tools_approval_mode = "approve"'
    lines[place:place] = [mode, f"env = {{ MCP_TRACE_FILE = {json.dumps(TRACE)} }}"]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def oxtail(scene: Stage, *words: str, **environ: str) -> dict[str, Any]:
    """Run a command as the person would; return the whole of its answer."""
    done = subprocess.run(
        ["oxtail", *words],
        env={**PLAIN, "PATH": PATH, **environ},
        cwd=scene.project, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    if not done.stdout:
        raise AssertionError(f"{words}: {done}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return {**answer, "exit code": done.returncode}


def entry(session_id: str) -> dict[str, Any] | None:
    """Return the entry of a session's server, if one runs."""
    folder = f"{HOME}/.oxtail/sessions"
    for name in os.listdir(folder):
        with open(f"{folder}/{name}", encoding="utf-8") as file:
            found: dict[str, Any] = json.load(file)
        is_alive = os.path.exists(f"/proc/{found['server_pid']}")
        if found["client"]["session_id"] == session_id and is_alive:
            return found
    return None


def has_server(client: Client) -> dict[str, Any]:
    """Wait until the session's server knows whose it is; return its entry."""
    found: dict[str, Any] = until(
        lambda: entry(client.session_id), f"{client.name} has a server that knows its session"
    )
    return found


def idle(name: str) -> None:
    """Wait until the client shows an empty input line and no work."""
    sign = IDLE_SIGNS[name]
    until(
        lambda: sign in (seen := screen(name)) and "esc to interrupt" not in seen, f"{name} is idle"
    )


def set_up(scene: Stage) -> None:
    """Do what a person does once, before the first session."""
    furnish(scene)
    answer = oxtail(scene, "setup", "--yes", "--json")
    if answer["exit code"] != 0:
        raise AssertionError(f"setup failed: {answer}")
    amend()
