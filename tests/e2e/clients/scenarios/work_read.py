"""Without hooks or doors a client reads by calls of tools; their results prove that it did."""

from __future__ import annotations

from e2e.clients.claude import ClaudeCode
from e2e.clients.codex import Codex
from e2e.clients.proofs import found_by
from e2e.clients.stage import Stage, stage

Client = ClaudeCode | Codex
WAIT_MS = 45_000


def read(scene: Stage, sender: Client, reader: Client) -> None:
    """Let *reader* read a message and take an answer; report the lines that prove both."""
    body = f"from {sender.name}"
    sent = sender.mind.call("send_message", target=reader.session_id, body=body, wake="off")
    before = sender.mind.call("message_status", message_id=sent["message_id"])
    mail = reader.mind.call("read_my_messages")["messages"]
    found = found_by(sender.mind, sent["message_id"])

    waiting = reader.mind.use(
        "ask_peer", target=sender.session_id, body=f"{body}?", timeout_ms=WAIT_MS
    )
    asked: list[dict[str, str]] = []
    while not asked:
        asked = sender.mind.call("read_my_messages")["messages"]
    sender.mind.call("reply_to_message", message_id=asked[0]["id"], body=f"{body}!")
    answer = reader.mind.result(waiting)
    scene.facts[reader.name] = {
        "before": before,
        "read_my_messages": {"id": mail[0]["id"], "body": body, **found},
        "ask_peer": {
            "id": answer["reply"]["id"],
            "body": f"{body}!",
            **found_by(sender.mind, answer["reply"]["id"]),
        },
        "question": reader.mind.call("message_status", message_id=answer["message_id"]),
        "session": reader.session_id,
    }


def main() -> None:
    """Let Claude Code read what Codex sends, and the other way round."""
    with stage() as scene:
        claude, codex = ClaudeCode(scene), Codex(scene)
        runs = [claude.start("Work with Codex."), codex.start("Work with Claude Code.")]
        for client in (codex, claude):
            client.mind.call("get_my_session")
        read(scene, codex, claude)
        read(scene, claude, codex)
        for client in (codex, claude):
            client.mind.say("Done.")
        scene.facts["exit codes"] = [run.end() for run in runs]
        scene.end()


if __name__ == "__main__":
    main()
