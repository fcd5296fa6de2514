"""Each client learns who it is and lists the other."""

from __future__ import annotations

from e2e.clients.claude import ClaudeCode
from e2e.clients.codex import Codex
from e2e.clients.stage import stage


def main() -> None:
    """Report what either model was told."""
    with stage() as scene:
        claude, codex = ClaudeCode(scene), Codex(scene)
        runs = [claude.start("Who is here?"), codex.start("Who is here?")]
        # Codex names its session with each call, so it can be addressed after its first one.
        for client in (codex, claude):
            scene.facts[f"{client.name} is told"] = client.mind.call("get_my_session")
        for client in (codex, claude):
            scene.facts[f"{client.name} lists"] = client.mind.call("list_project_sessions")
            scene.facts[client.name] = client.session_id
            client.mind.say("Seen.")
        scene.facts["exit codes"] = [run.end() for run in runs]
        scene.end()


if __name__ == "__main__":
    main()
