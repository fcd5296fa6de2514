"""Clients on screens in tmux; both Codex sessions run in one process that the first one started."""

from __future__ import annotations

from e2e.clients.claude import ClaudeCode
from e2e.clients.codex import Codex
from e2e.clients.stage import stage


def main() -> None:
    """Report who is listed where, and which session reads what."""
    with stage() as scene:
        claude, codex, other = ClaudeCode(scene), Codex(scene), Codex(scene, "other")
        for client in (claude, codex):
            client.show("Who is here?")
            client.mind.call("get_my_session")
        other.show("Who is here?")
        other.mind.turn()  # its server runs, and has not been told yet whose it is
        scene.facts["before"] = claude.mind.call("list_project_sessions")
        scene.facts["sent"] = claude.mind.call(
            "send_message", target=codex.session_id, body="for codex", wake="off"
        )
        for client in (other, codex):
            mail = client.mind.call("read_my_messages")["messages"]
            scene.facts[f"{client.name} reads"] = [message["body"] for message in mail]
        for client in (claude, codex, other):
            scene.facts[f"{client.name} is told"] = client.mind.call("get_my_session")
            scene.facts[client.name] = client.session_id
        scene.facts["after"] = claude.mind.call("list_project_sessions")


if __name__ == "__main__":
    main()
