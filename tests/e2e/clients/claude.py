"""Drives the real Claude Code."""

from __future__ import annotations

import json
import os
import uuid
from typing import Final

from e2e.clients import anthropic, terminal
from e2e.clients.stage import Running, Stage, client_program, oxtail_server

ENVIRON: Final = {
    "ANTHROPIC_API_KEY": "test",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
}


class ClaudeCode:
    """One Claude Code session, which may be killed and resumed."""

    def __init__(self, scene: Stage, name: str = "claude") -> None:
        self.name = name
        self.session_id = str(uuid.uuid4())
        self.mind = scene.model.mind(name, anthropic)
        scene.minds.append(self.mind)
        self._address = scene.model.address(name)
        self._project = scene.project
        self._started = False
        self._write_settings()

    def start(self, prompt: str) -> Running:
        """Start the session with *prompt*, or resume it if it ran before; do not wait."""
        argv = [*self._command(), "-p", prompt]
        return Running(self.name, argv, self.environ(), self._project)

    def show(self, prompt: str) -> None:
        """Start the session with *prompt* on a screen, as a person would have it."""
        terminal.show(self.name, [*self._command(), prompt], self.environ(), self._project)

    def _command(self) -> list[str]:
        which = "--resume" if self._started else "--session-id"
        self._started = True
        return [client_program("claude"), *self.arguments(), which, self.session_id]

    def arguments(self) -> list[str]:
        """Return the arguments that bring in oxtail and nothing else."""
        command, arguments, environ = oxtail_server()
        server = {"type": "stdio", "command": command, "args": arguments, "env": environ}
        settings = json.dumps({"mcpServers": {"oxtail": server}})
        return [
            "--mcp-config", settings, "--strict-mcp-config", "--allowedTools", "mcp__oxtail__*",
        ]  # fmt: skip

    def environ(self) -> dict[str, str]:
        """Return what Claude Code needs in its environment to reach the scripted model."""
        return {**ENVIRON, "ANTHROPIC_BASE_URL": self._address}

    def _write_settings(self) -> None:
        """Answer every question that a first start asks."""
        os.makedirs(os.path.expanduser("~/.claude"), exist_ok=True)
        project = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
        settings = {
            "hasCompletedOnboarding": True,
            "theme": "dark",
            "customApiKeyResponses": {"approved": ["test"], "rejected": []},
            "projects": {self._project: project},
        }
        with open(os.path.expanduser("~/.claude.json"), "w", encoding="utf-8") as file:
            json.dump(settings, file)
