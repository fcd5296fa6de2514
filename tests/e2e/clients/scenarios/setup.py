"""A person with a fresh home sets oxtail up for both clients, and takes it out again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any, Final

from e2e.clients.stage import PLAIN, client_program, stage, until

sys.path.append(os.environ["SCENARIO_SOURCE"])
from oxtail.setup.app_server import app_server

HOME: Final = Path(os.path.expanduser("~"))
ENVIRON: Final = {
    **PLAIN,
    "PATH": f"{HOME}/bin:{PLAIN['PATH']}",
    "DISABLE_AUTOUPDATER": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
}

NOWHERE: Final = "http://127.0.0.1:9/v1"
"""Nobody listens on the discard port."""

MINE: Final = """\
# mine
model = "x" # fast

[mcp_servers.docs]
command = "docs"
enabled = false
"""
MY_HOOKS: Final = """\
{
  "hooks": {
    "Stop": [ { "hooks": [ { "type": "command", "command": "/bin/true mine" } ] } ]
  }
}
"""
MY_SETTINGS: Final = """\
{
  "hooks": {
    "PostToolUse": [
      { "matcher": "Edit", "hooks": [ { "type": "command", "command": "/bin/true mine" } ] }
    ]
  }
}
"""


def run(*words: str, expect: int = 0) -> str:
    """Run a command as the person would; return what it printed."""
    done = subprocess.run(
        words, env=ENVIRON, cwd=HOME, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == expect, (words, done)
    return done.stdout


def oxtail(verb: str, *words: str, expect: int = 0) -> dict[str, Any]:
    """Run the verb and return its result."""
    line = json.loads(run("oxtail", verb, "--json", *words, expect=expect))
    result: dict[str, Any] = line["result"]
    return result


def hooks() -> list[list[str]]:
    """Return what Codex itself says of each hook: what it does, and whether it is trusted."""
    with app_server(client_program("codex"), ENVIRON, str(HOME)) as server:
        layers = server.call("hooks/list", {"cwds": [str(HOME)]})["data"]
    return [
        [hook.get("command") or hook["tool"], hook["trustStatus"]]
        for layer in layers
        for hook in layer["hooks"]
    ]


def files() -> dict[str, str]:
    """Return the files that setup is about, those of Claude Code and Codex."""
    places = (".claude.json", ".claude/settings.json", ".codex/config.toml", ".codex/hooks.json")
    return {place: (HOME / place).read_text() for place in places if (HOME / place).exists()}


def started(*words: str, **environ: str) -> list[str]:
    """Start a client that reaches no model; return what its hook leaves when a session starts."""
    drops = HOME / ".oxtail" / "session-starts"
    before = set(os.listdir(drops)) if drops.exists() else set()
    client = subprocess.Popen(
        words, env={**ENVIRON, **environ}, cwd=HOME, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(lambda: drops.exists() and set(os.listdir(drops)) - before, f"{words[0]} has a hook")
    finally:
        client.kill()
        client.wait()
    return sorted(set(os.listdir(drops)) - before)


def furnish(*, used: bool) -> None:
    """Put both clients on PATH; with *used*, leave settings as a user of them has."""
    (HOME / "bin").mkdir(exist_ok=True)
    for name in ("claude", "codex"):
        if not (HOME / "bin" / name).is_symlink():
            (HOME / "bin" / name).symlink_to(client_program(name))
    launcher = HOME / "bin" / "oxtail"
    source, python = os.environ["SCENARIO_SOURCE"], sys.executable
    launcher.write_text(f'#!/bin/sh\nPYTHONPATH={source} exec {python} -m oxtail "$@"\n')
    launcher.chmod(0o755)
    if used:
        for folder in (".claude", ".codex"):
            (HOME / folder).mkdir(exist_ok=True)
        (HOME / ".codex/config.toml").write_text(MINE)
        (HOME / ".codex/hooks.json").write_text(MY_HOOKS)
        (HOME / ".claude/settings.json").write_text(MY_SETTINGS)


def visit(*, used: bool) -> dict[str, Any]:
    """Set up, look from the clients' side, set up again, take out; return what was seen."""
    furnish(used=used)
    seen: dict[str, Any] = {"before": files()}
    untrusted = oxtail("setup", expect=1)
    seen["not asked"] = [untrusted["codex_trust"], hooks()]
    seen["deaf"] = [one["check"] for one in oxtail("doctor", expect=1)["findings"]]
    seen["setup"] = oxtail("setup", "--yes")
    seen["after"] = files()
    seen["claude"] = run("claude", "mcp", "get", "oxtail")
    seen["codex"] = json.loads(run("codex", "mcp", "list", "--json"))
    seen["hooks"] = hooks()
    seen["doctor"] = [
        one["check"] for one in oxtail("doctor")["findings"] if one["level"] == "wrong"
    ]
    seen["claude session"] = str(uuid.uuid4())
    seen["claude starts"] = started(
        "claude", "-p", "Hello.", "--session-id", seen["claude session"],
        ANTHROPIC_API_KEY="test", ANTHROPIC_BASE_URL=NOWHERE,
    )  # fmt: skip
    seen["codex starts"] = started(
        "codex", "exec", "--skip-git-repo-check", "-c", 'model_provider="none"',
        "-c", f'model_providers.none={{name="none",base_url="{NOWHERE}",wire_api="responses"}}',
        "Hello.",
    )  # fmt: skip
    changed = (HOME / ".claude.json").read_text()
    seen["again"] = [oxtail("setup", "--yes")["changed"], files()]
    assert changed == (HOME / ".claude.json").read_text()
    seen["uninstall"] = oxtail("uninstall")
    seen["left"] = files()
    seen["hooks left"] = hooks()
    return seen


def main() -> None:
    """Report what a new user and a user of both clients see."""
    with stage() as scene:
        scene.facts["new"] = visit(used=False)
        for place in files():
            (HOME / place).unlink()
        scene.facts["used"] = visit(used=True)


if __name__ == "__main__":
    main()
