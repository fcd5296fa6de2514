"""One real Claude Code and three fake agents live one life as a fleet, beside look-alikes.

The person types commands; what they and their tmux server say is reported.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, Final

import e2e.clients
from e2e.clients.claude import ENVIRON
from e2e.clients.doors import tmux
from e2e.clients.hooks import TRACE
from e2e.clients.person import HOME, PATH, SetUpClaude, oxtail, set_up
from e2e.clients.stage import PLAIN, Stage, stage, until

SESSION: Final = "crew"
HELPERS: Final = os.path.join(os.path.dirname(os.path.dirname(e2e.clients.__path__[0])), "helpers")
AGENT: Final = """\
import json, os, subprocess, sys, uuid
sys.path.insert(0, {helpers!r})
import fake_agent
name = sys.argv[1]
folder = os.path.join({home!r}, "agents", name + "-" + str(os.getpid()))
os.makedirs(folder)
server = subprocess.Popen([sys.executable, "-m", "oxtail", "serve"], stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, env={{**os.environ, "OXTAIL_NAME": name}})
def send(method, number, **params):
    line = {{"jsonrpc": "2.0", "id": number, "method": method, "params": params}}
    server.stdin.write(json.dumps(line).encode() + b"\\n")
    server.stdin.flush()
send("initialize", 1, protocolVersion="2025-06-18", capabilities={{}},
     clientInfo={{"name": "fake", "version": "1"}})
send("tools/call", 2, name="claim_session", arguments={{"session_id": str(uuid.uuid4())}})
fake_agent.main(folder)
"""
"""A fake agent with a real server, which ends with it."""

IN_AN_AGENT: Final = {
    "SHELL": "/bin/bash", "MCP_TRACE_FILE": TRACE,
    "CLAUDECODE": "1", "CLAUDE_CODE_SESSION_ID": "parent", "OXTAIL_NAME": "parent",
}  # fmt: skip


class Person:
    """Somebody who starts a fleet from a shell inside an agent, which is easily done."""

    def __init__(self, scene: Stage) -> None:
        self._scene = scene
        settings = {**ENVIRON, "ANTHROPIC_BASE_URL": scene.model.address("claude"), "PATH": PATH}
        with open(f"{HOME}/.bash_profile", "w", encoding="utf-8") as file:
            file.write("".join(f"export {name}='{settings[name]}'\n" for name in settings))
            file.write("PS1='$ '\n")
        with open(f"{HOME}/agent.py", "w", encoding="utf-8") as file:
            file.write(AGENT.format(helpers=HELPERS, home=HOME))

    def does(self, *words: str) -> dict[str, Any]:
        answer = oxtail(self._scene, words[0], "--json", *words[1:], **IN_AN_AGENT)
        return {"exit code": answer["exit code"], **(answer.get("result") or answer["error"])}

    def changes(self, verb: str) -> dict[str, Any]:
        """Let the fleet live on; report what was done."""
        answer = self.does("fleet", verb, "--yes")
        return {"exit code": answer["exit code"], **(answer.get("report") or answer)}

    def wants(self, *names: str) -> None:
        """Describe the fleet: Claude Code in ``main``, and fake agents."""
        windows: list[dict[str, Any]] = [
            {"name": "main", "agent": "claude", "model": "opus", "role": "captain"}
        ]
        for name in names:
            command = [sys.executable, f"{HOME}/agent.py", name]
            windows.append({"name": name, "agent": "command", "command": command})
        folder = os.path.join(self._scene.project, ".oxtail")
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/fleet.json", "w", encoding="utf-8") as file:
            json.dump({"name": SESSION, "windows": windows}, file)

    def sees(self) -> dict[str, dict[str, Any]]:
        """Return the living agents that status shows, by the window they are in."""
        found = self.does("status")
        members = ("liveness", "tmux_pane", "tmux_session", "session_id", "client_type", "label")
        return {
            agent["window_name"]: {name: agent.get(name) for name in members}
            for agent in (*found["agents"], *found["background"])
            if agent["liveness"] != "dead"
        }

    def sees_all(self, *names: str) -> dict[str, dict[str, Any]]:
        """Wait until status shows these agents, and who each is."""
        found: dict[str, dict[str, Any]] = {}

        def is_complete() -> bool:
            found.clear()
            found.update(self.sees())
            return set(found) == set(names) and all(one["session_id"] for one in found.values())

        until(is_complete, f"status shows {names}")
        return found


def panes() -> dict[str, str]:
    """Return process, session and window of every pane."""
    form = "#{pane_id} #{pane_pid} #{session_name} #{window_name}"
    lines = tmux("list-panes", "-a", "-F", form).splitlines()
    return dict(line.split(" ", 1) for line in lines)


def make(*words: str) -> str:
    return tmux(*words[:1], "-d", "-P", "-F", "#{pane_id}", *words[1:], "exec cat")


def plant_before() -> list[str]:
    """Put up a session whose name begins like the fleet's, with windows called like the fleet's."""
    found = [make("new-session", "-s", f"{SESSION}-2", "-n", "main", "-x", "100", "-y", "30")]
    found += [make("new-window", "-t", f"={SESSION}-2:", "-n", "beta")]
    tmux("set-option", "-p", "-t", found[1], "@oxpit_managed", f"{SESSION}-0123abcd")
    return found


def plant_after(alpha: str) -> list[str]:
    """Put up what a person makes by hand inside the session of the fleet."""
    mark = tmux("display-message", "-p", "-t", alpha, "#{@oxpit_managed}")
    found = [
        make("new-window", "-t", f"={SESSION}:", "-n", "beta"),
        make("new-window", "-t", f"={SESSION}:", "-n", "notes"),
        make("split-window", "-t", alpha),
        make("new-window", "-t", f"={SESSION}-2:", "-n", "alpha"),
    ]
    tmux("set-option", "-p", "-t", found[3], "@oxpit_managed", mark)
    return found


def jumps(person: Person, pane: str) -> dict[str, Any]:
    """Let a terminal look at another session, and jump from there to ``alpha``."""
    words = ["script", "-qfc", f"tmux attach-session -t ={SESSION}-2:", "/dev/null"]
    looking = subprocess.Popen(
        words, env=PLAIN, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    form = "#{client_name} #{client_session} #{pane_id}"
    client = until(lambda: tmux("list-clients", "-F", form), "a terminal looks").split(" ")[0]
    dry = person.does("jump", "alpha", "--client", client, "--dry-run")
    between = tmux("list-clients", "-F", form)
    real = person.does("jump", "alpha", "--client", client)
    after = tmux("list-clients", "-F", form)
    tmux("detach-client", "-t", client)
    looking.wait(60)
    return {
        "client": client, "dry": dry, "between": between, "real": real, "after": after,
        "pane": pane,
    }  # fmt: skip


def told(name: str) -> list[str]:
    """Return what was sent to a fake agent's input line, in each of its lives."""
    sent: list[str] = []
    for folder in sorted(os.listdir(f"{HOME}/agents")):
        path = f"{HOME}/agents/{folder}/transcript"
        if folder.startswith(f"{name}-") and os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                sent += [json.loads(line).get("sent", "") for line in file]
    return sent


def main() -> None:
    """Report the life of the fleet, command by command."""
    with stage() as scene:
        claude = SetUpClaude(scene)
        set_up(scene)
        person = Person(scene)
        facts = scene.facts
        words = [
            "tmux",
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-s",
            "keep",
            "-n",
            "tmux",
            "exec cat",
        ]
        subprocess.run(words, env={**PLAIN, **IN_AN_AGENT}, check=True)
        planted = plant_before()

        person.wants("alpha", "beta", "gamma")
        facts["planned"] = person.does("fleet", "spawn")["plan"]
        facts["after the plan"] = sorted(panes().values())
        facts["spawn"] = person.changes("spawn")
        facts["spawned"] = person.sees_all("main", "alpha", "beta", "gamma")
        planted += plant_after(facts["spawned"]["alpha"]["tmux_pane"])
        before = panes()
        facts["planted"] = {pane: before[pane] for pane in planted}

        facts["message"] = person.does("message", "main", "Look at the river.")
        facts["main is told"] = "Look at the river." in claude.mind.sees()
        claude.mind.say("Seen.")
        facts["nudge"] = person.does("message", "main", "--nudge")
        facts["main is nudged"] = claude.mind.sees()[-2_000:]
        claude.mind.say("Looked.")
        facts["message to alpha"] = person.does("message", "alpha", "Look at the hill.")
        facts["alpha is told"] = told("alpha")
        facts["jump"] = jumps(person, facts["spawned"]["alpha"]["tmux_pane"])

        person.wants("alpha", "gamma", "delta")
        facts["sync"] = person.changes("sync")
        facts["synced"] = person.sees_all("main", "alpha", "gamma", "delta")
        between = panes()
        facts["kept"] = {
            name: between.get(facts["spawned"][name]["tmux_pane"])
            == before[facts["spawned"][name]["tmux_pane"]]
            for name in ("main", "alpha", "gamma", "beta")
        }

        facts["reset"] = person.changes("reset")
        # Its own server may have nudged the one before: on a slow machine mail waits long enough.
        claude.mind.forget()
        facts["reset shows"] = person.sees_all("main", "alpha", "gamma", "delta")
        facts["message again"] = person.does("message", "main", "Look at the sea.")
        facts["main is told again"] = "Look at the sea." in claude.mind.sees()
        claude.mind.say("Seen.")

        facts["teardown"] = person.changes("teardown")
        facts["left"] = panes()
        facts["left alive"] = person.sees()
        tmux("kill-server")


if __name__ == "__main__":
    main()
