"""Drives the real Codex."""

from __future__ import annotations

import json
import os
from typing import Final

from e2e.clients import openai, terminal
from e2e.clients.stage import Running, Stage, client_program, oxtail_server

ENVIRON: Final = {"SCRIPTED_KEY": "test"}


class Codex:
    """One Codex session, which may be killed and resumed.

    Codex chooses the session's id itself, so it is known from the first turn on.
    """

    def __init__(self, scene: Stage, name: str = "codex") -> None:
        self.name = name
        self.mind = scene.model.mind(name, openai)
        scene.minds.append(self.mind)
        self._address = scene.model.address(name)
        self._project = scene.project
        self._started = False
        self.options: list[str] = []

    @property
    def session_id(self) -> str:
        """The id of the session, as its requests carry it."""
        return self.mind.turns[0].headers["thread-id"] if self.mind.turns else ""

    def start(self, prompt: str) -> Running:
        """Start the session with *prompt*, or resume it if it ran before; do not wait."""
        self._write_settings()
        argv = [client_program("codex"), "exec", "--skip-git-repo-check", *self.options]
        if self._started:
            argv += ["resume", self.session_id]
        self._started = True
        return Running(self.name, [*argv, prompt], ENVIRON, self._project)

    def show(self, prompt: str) -> None:
        """Start the session with *prompt* on a screen, as a person would have it."""
        self._write_settings()
        self._started = True
        terminal.show(
            self.name, [client_program("codex"), *self.options, prompt], ENVIRON, self._project
        )

    def _write_settings(self) -> None:
        """Write them anew at each start: they name this session's model, and Codex has one file."""
        command, arguments, environ = oxtail_server()
        lines = [
            'model = "scripted"',
            'model_provider = "scripted"',
            "check_for_update_on_startup = false",
            "[model_providers.scripted]",
            'name = "scripted"',
            f'base_url = "{self._address}/v1"',
            'wire_api = "responses"',
            'env_key = "SCRIPTED_KEY"',
            "request_max_retries = 0",
            "stream_max_retries = 0",
            "[analytics]",
            "enabled = false",
            f"[projects.{json.dumps(self._project)}]",
            'trust_level = "trusted"',
            "[mcp_servers.oxtail]",
            f"command = {json.dumps(command)}",
            f"args = {json.dumps(arguments)}",
            # A tool that changes something needs approval, which nobody could give here.
            'default_tools_approval_mode = "approve"',
            "[mcp_servers.oxtail.env]",
            *(f"{name} = {json.dumps(value)}" for name, value in environ.items()),
        ]
        os.makedirs(os.path.expanduser("~/.codex"), exist_ok=True)
        with open(os.path.expanduser("~/.codex/config.toml"), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
