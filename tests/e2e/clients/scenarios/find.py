"""Each client learns who it is, lists the other, and reads what the other was asked."""

from __future__ import annotations

from typing import Any

from e2e.clients.claude import ClaudeCode
from e2e.clients.codex import Codex
from e2e.clients.model import Mind
from e2e.clients.stage import stage, until


def read(reader: Mind, target: str) -> dict[str, Any]:
    """Return the transcript of *target* once it has messages; clients write theirs at leisure."""

    def once() -> dict[str, Any] | None:
        seen = reader.call("read_session", name=target, mode="transcript")
        return seen if seen["messages"] else None

    found: dict[str, Any] = until(once, f"{target} has a transcript")
    return found


def main() -> None:
    """Report what either model was told."""
    with stage() as scene:
        claude, codex = ClaudeCode(scene), Codex(scene)
        runs = [claude.start("Say claude."), codex.start("Say codex.")]
        # Codex names its session with each call, so it can be addressed after its first one.
        for client in (codex, claude):
            scene.facts[f"{client.name} is told"] = client.mind.call("get_my_session")
            scene.facts[client.name] = client.session_id
        for client, peer in ((codex, claude), (claude, codex)):
            scene.facts[f"{client.name} lists"] = client.mind.call("list_project_sessions")
            scene.facts[f"{client.name} reads"] = read(client.mind, peer.session_id)
        for client in (codex, claude):
            client.mind.say("Seen.")
        scene.facts["exit codes"] = [run.end() for run in runs]
        scene.end()


if __name__ == "__main__":
    main()
