"""Each client asks the other and waits; the other reads and answers by the message's id."""

from __future__ import annotations

from typing import Final

from e2e.clients.claude import ClaudeCode
from e2e.clients.codex import Codex
from e2e.clients.model import Mind
from e2e.clients.stage import Stage, stage

WAIT_MS: Final = 45_000


def ask(scene: Stage, title: str, asker: Mind, other: Mind, target: str) -> None:
    """Let *asker* ask *other*, whose session is *target*, while both clients run."""
    waiting = asker.use("ask_peer", target=target, body=f"{title}?", timeout_ms=WAIT_MS)
    mail: list[dict[str, object]] = []
    while not mail:
        mail = other.call("read_my_messages")["messages"]
    replied = other.call("reply_to_message", message_id=mail[0]["id"], body=f"{title}!")
    scene.facts[title] = {
        "mail": mail,
        "replied": replied,
        "answer": asker.result(waiting),
        "asker sees": asker.sees(),
    }


def main() -> None:
    """Report mail, reply and answer, as the models were told of them."""
    with stage() as scene:
        claude, codex = ClaudeCode(scene), Codex(scene)
        runs = [claude.start("Work with Codex."), codex.start("Work with Claude Code.")]
        for client in (codex, claude):
            client.mind.call("get_my_session")
            scene.facts[client.name] = client.session_id
        ask(scene, "claude asks codex", claude.mind, codex.mind, codex.session_id)
        ask(scene, "codex asks claude", codex.mind, claude.mind, claude.session_id)
        for client in (codex, claude):
            client.mind.say("Done.")
        scene.facts["exit codes"] = [run.end() for run in runs]
        scene.end()


if __name__ == "__main__":
    main()
