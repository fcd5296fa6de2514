"""Windows with the real clients are brought up, one after the other, in a tmux of the scenario."""

from __future__ import annotations

import os
import subprocess
import time
from typing import Any, Final

from e2e.clients.claude import ENVIRON
from e2e.clients.doors import tmux
from e2e.clients.hooks import TRACE
from e2e.clients.person import HOME, PATH, SetUpClaude, SetUpCodex, set_up
from e2e.clients.stage import PLAIN, Stage, stage
from oxtail.config import from_env
from oxtail.core.fleet_spec import WindowSpec
from oxtail.core.launch import JOIN_PROMPT
from oxtail.ports.lifecycle import Site
from oxtail.wiring import bring_up, open_context

FLEET: Final = "repo-00000000"


def shells(scene: Stage) -> None:
    """Start a tmux server whose shells have what a person's would have."""
    with open(f"{HOME}/.bash_profile", "w", encoding="utf-8") as file:
        file.write(f"PATH={PATH}\nPS1='$ '\n")
    environ = {
        **PLAIN, **ENVIRON, "PATH": PATH, "SHELL": "/bin/bash", "MCP_TRACE_FILE": TRACE,
        "ANTHROPIC_BASE_URL": scene.model.address("claude"), "SCRIPTED_KEY": "test",
        # An agent has started this server, and its children are none of that agent.
        "CLAUDECODE": "1", "CLAUDE_CODE_SESSION_ID": "parent", "CODEX_THREAD_ID": "parent",
    }  # fmt: skip
    words = ["new-session", "-d", "-s", "repo", "-x", "120", "-y", "40", "-c", scene.project]
    subprocess.run(["tmux", "-f", "/dev/null", *words], env=environ, check=True)


def window(cwd: str) -> str:
    """Make a window with a shell; return its pane."""
    return tmux("new-window", "-d", "-P", "-F", "#{pane_id}", "-t", "=repo:", "-c", cwd)


def try_it(spec: WindowSpec, cwd: str, pane: str | None = None) -> dict[str, Any]:
    """Bring a window up as a command of oxtail would; report what it came to."""
    ctx = open_context(from_env({**PLAIN, "PATH": PATH, "MCP_TRACE_FILE": TRACE}), role="cli")
    pane = pane or window(cwd)
    site = Site(pane, "repo", cwd, FLEET, managed=False, made=True)
    told: list[str] = []
    at = time.monotonic()
    launch = bring_up(ctx)(spec, site, progress=told.append, canceled=lambda: False)
    took = round(time.monotonic() - at, 2)
    return {**launch._asdict(), "pane": pane, "told": told, "took": took}


def main() -> None:
    """Report what each window came to, and what its client and its model know."""
    with stage() as scene:
        SetUpClaude(scene)
        codex = SetUpCodex(scene)
        set_up(scene)
        shells(scene)
        elsewhere = f"{HOME}/elsewhere"
        os.makedirs(f"{elsewhere}/.git")
        facts = scene.facts
        facts["claude asks"] = try_it(WindowSpec("main", "claude"), elsewhere)
        facts["codex"] = try_it(WindowSpec("two", "codex", effort="high"), scene.project)
        facts["codex is told"] = JOIN_PROMPT in codex.mind.sees()
        facts["codex thread"] = codex.session_id
        codex.mind.say("Ready.")
        facts["codex again"] = try_it(
            WindowSpec("two", "codex"), scene.project, facts["codex"]["pane"]
        )
        config = f"{HOME}/.codex/config.toml"
        with open(config, encoding="utf-8") as file:
            settings = file.read()
        with open(config, "w", encoding="utf-8") as file:
            file.write(settings[: settings.index("[hooks.state")])
        facts["codex asks"] = try_it(WindowSpec("two", "codex"), scene.project)
        facts["codex turns"] = len(codex.mind.turns)
        tmux("kill-server")


if __name__ == "__main__":
    main()
