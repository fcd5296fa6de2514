"""A person has run ``oxtail setup`` once; from then on mail comes by itself, and nobody types.

Both clients are on a screen, in panes that a sender could type into.  Each session is busy, idle,
without its server, away and back again; then the two ask each other.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
from typing import Any, Final

from e2e.clients.doors import tmux
from e2e.clients.hooks import SENDER, receipt, trace
from e2e.clients.person import (
    HOME,
    Client,
    SetUpClaude,
    SetUpCodex,
    amend,
    entry,
    furnish,
    has_server,
    idle,
    oxtail,
)
from e2e.clients.stage import Stage, stage, until

IDLE_ROUNDS: Final = 3
ANSWERS: Final = 8 + IDLE_ROUNDS
"""How often the model is asked in :func:`play`, if nothing asks it in vain."""
WAIT_MS: Final = 45_000


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
