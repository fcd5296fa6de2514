"""A person has run ``oxtail setup`` once; from then on mail comes by itself, and nobody types.

Both clients are on a screen, in panes that a sender could type into.  Each session is busy, idle,
without its server, away and back again; then the two ask each other.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import Any, Final

from e2e.clients import terminal
from e2e.clients.claude import ClaudeCode
from e2e.clients.codex import ENVIRON, Codex
from e2e.clients.doors import screen, tmux
from e2e.clients.hooks import SENDER, TRACE, receipt, trace
from e2e.clients.stage import PLAIN, Running, Stage, client_program, stage, until

HOME: Final = os.path.expanduser("~")
PATH: Final = f"{HOME}/bin:{PLAIN['PATH']}"
IDLE_SIGNS: Final = {
    "claude": "auto mode on",
    "holder": "auto mode on",
    "refuser": "auto mode on",
    "codex": "Ask Codex",
}
IDLE_ROUNDS: Final = 3
ANSWERS: Final = 8 + IDLE_ROUNDS
"""How often the model is asked in :func:`play`, if nothing asks it in vain."""
WAIT_MS: Final = 15_000

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


class Post:
    """Mail to one client, and what became of each."""

    def __init__(self, scene: Stage, client: Client) -> None:
        self._scene = scene
        self._client = client
        self._sent: dict[str, tuple[str, str]] = {}
        self.facts: dict[str, dict[str, Any]] = {}

    def send(self, moment: str) -> dict[str, Any]:
        """Send one message, and say no word about waking."""
        body = f"the words for {moment!r}"
        at = time.time()
        answer = oxtail(
            self._scene, "send", "--json", self._client.session_id, body, OXTAIL_SESSION_ID=SENDER
        )
        if not answer["ok"]:
            raise AssertionError(f"not sent: {answer}")
        result: dict[str, Any] = answer["result"]
        self._sent[moment] = (body, result["message_id"])
        self.facts[moment] = {"sent": result, "at": at, "sent after": time.time() - at}
        return result

    def arrives(self, moment: str) -> None:
        """Report whether the client's next request has the message, and when it came."""
        body, message_id = self._sent[moment]
        text = self._client.mind.sees()
        self.facts[moment]["latency"] = round(time.time() - self.facts[moment]["at"], 3)
        self.facts[moment] |= {"times": text.count(body), "receipt": receipt(message_id)}

    def tell(self) -> dict[str, Any]:
        """Report everything, with how often each message is in the conversation at its end."""
        text = self._client.mind.dialect.text(self._client.mind.turns[-1].body)
        for moment, (body, _) in self._sent.items():
            self.facts[moment]["times in all"] = text.count(body)
        return self.facts


def kill_server(client: Client) -> int:
    """End the session's server as a crash would; return its process."""
    server: int = has_server(client)["server_pid"]
    os.kill(server, signal.SIGKILL)
    until(lambda: (entry(client.session_id) or {}).get("server_pid") != server, "it is gone")
    return server


def wrong(scene: Stage) -> list[dict[str, Any]]:
    """Return what doctor finds wrong."""
    findings = oxtail(scene, "doctor", "--json")["result"]["findings"]
    return [one for one in findings if one["level"] == "wrong"]


def daemons() -> list[int]:
    """Return the processes of Codex, which keeps sessions after their windows are closed."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            program = os.readlink(f"/proc/{pid}/exe")
        except OSError:
            continue  # it ended meanwhile
        if os.path.basename(program) == "codex":
            found.append(int(pid))
    return found


def leave(client: Client) -> None:
    """Close the client's window, and end all of Codex as a logout would."""
    tmux("kill-session", "-t", f"={client.name}")
    if client.name == "codex":
        for pid in daemons():
            os.kill(pid, signal.SIGTERM)
        until(lambda: not daemons(), "Codex has ended")
    until(lambda: entry(client.session_id) is None, "no server of the session runs")


def play(scene: Stage, client: Client) -> Post:
    """Report mail to *client* in every state that a session can be in."""
    mind, post = client.mind, Post(scene, client)
    client.show("Work.")
    mind.turn()
    facts: dict[str, Any] = {"entry": has_server(client)}
    post.send("tool result")
    mind.call("get_my_session")
    post.arrives("tool result")

    post.send("end of turn")
    mind.say("Done.")
    post.arrives("end of turn")
    mind.say("Read.")

    for number in range(IDLE_ROUNDS):
        idle(client.name)
        post.send(f"idle {number}")
        post.arrives(f"idle {number}")
        if number < IDLE_ROUNDS - 1:
            mind.say("Seen.")

    # On a screen, a client may start its server again.
    facts["killed"] = [kill_server(client)]
    post.send("server killed")
    mind.say("Done.")
    post.arrives("server killed")
    mind.say("Read.")
    idle(client.name)
    leave(client)

    post.send("start")
    run = client.start("Go on.")
    post.arrives("start")
    facts["killed"].append(kill_server(client))
    post.send("no server")
    facts["doctor"] = wrong(scene)
    mind.say("Done.")
    post.arrives("no server")
    facts["server meanwhile"] = entry(client.session_id)
    mind.say("Read.")
    facts["exit code"] = run.end()

    client.show("Go on again.")
    mind.turn()
    facts["new entry"] = has_server(client)
    mind.say("Seen.")
    idle(client.name)
    post.send("idle again")
    post.arrives("idle again")
    mind.say("Seen.")
    idle(client.name)
    facts["turns"] = len(mind.turns)
    facts["answers"] = ANSWERS
    scene.facts[client.name] = facts
    return post


def question_id(text: str, body: str) -> str:
    """Return the id of the message with *body*, from what the model was shown."""
    before = text[: text.rindex(body)]
    return re.findall(r"message_id=(\S+)", before)[-1]


def ask(scene: Stage, asker: Client, post: Post, other: Client) -> None:
    """Let *asker* ask *other*, which is idle; report what each model is told."""
    title = f"{asker.name} asks {other.name}"
    post.send(title)
    post.arrives(title)
    at = time.time()
    waiting = asker.mind.use(
        "ask_peer", target=other.session_id, body=f"{title}?", timeout_ms=WAIT_MS
    )
    seen = other.mind.sees()
    latency = round(time.time() - at, 3)
    replied = other.mind.call(
        "reply_to_message", message_id=question_id(seen, f"{title}?"), body=f"{title}!"
    )
    answer = asker.mind.result(waiting)
    for client in (other, asker):
        client.mind.say("Done.")
        idle(client.name)
    told = [client.mind.dialect.text(client.mind.turns[-1].body) for client in (other, asker)]
    scene.facts[title] = {
        "latency": latency,
        "answer": answer,
        "replied": replied,
        "times": [told[0].count(f"{title}?"), told[1].count(f"{title}!")],
    }


def close(scene: Stage, client: SetUpClaude, policy: str) -> None:
    """Report what a sender is told about a person whose *policy* lets no other program in."""
    path = f"{HOME}/.claude/settings.json"
    with open(path, encoding="utf-8") as file:
        settings = json.load(file)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({**settings, "crossSessionInbound": policy}, file)
    post = Post(scene, client)
    client.show("Work.")
    client.mind.turn()
    scene.facts[policy] = {"doors": has_server(client).get("doors", [])}
    client.mind.say("Done.")
    idle(client.name)
    turns = len(client.mind.turns)
    scene.facts[policy]["sent"] = post.send("a closed door")
    scene.facts[policy]["doctor"] = wrong(scene)
    scene.facts[policy]["turns"] = len(client.mind.turns) - turns


def main() -> None:
    """Report arrivals, answers, and whether anybody typed."""
    with stage() as scene:
        holder, refuser = SetUpClaude(scene, "holder"), SetUpClaude(scene, "refuser")
        claude, codex = SetUpClaude(scene), SetUpCodex(scene)
        furnish(scene)
        scene.facts["setup"] = oxtail(scene, "setup", "--yes", "--json")
        scene.facts["doctor"] = wrong(scene)
        amend()
        posts = [play(scene, client) for client in (claude, codex)]
        ask(scene, claude, posts[0], codex)
        ask(scene, codex, posts[1], claude)
        for client, post in zip((claude, codex), posts, strict=True):
            scene.facts[client.name]["mail"] = post.tell()
        scene.facts["events"] = trace()
        close(scene, holder, "hold")
        close(scene, refuser, "refuse")


if __name__ == "__main__":
    main()
