"""Two forks of a conversation start while it is away; what is its own waits for itself."""

from __future__ import annotations

from typing import Any, Final

from e2e.clients.claude import ClaudeCode
from e2e.clients.hooks import hooked, send
from e2e.clients.stage import Running, client_program, stage

TASK: Final = "a task for the one that was asked"
AWAY: Final = "words for the one that is away"


class Fork(ClaudeCode):
    """A conversation that begins as a copy of another one."""

    def follow(self, parent: ClaudeCode, project: str) -> Running:
        """Start as a copy of *parent*."""
        which = ["--resume", parent.session_id, "--fork-session", "-p", "Go on."]
        argv = [client_program("claude"), *self.arguments(), *which]
        return Running(self.name, argv, self.environ(), project)


def look(client: ClaudeCode) -> dict[str, Any]:
    """Report what the client is told of mail and work, and let it end."""
    client.mind.turn()
    owed = client.mind.call("my_open_work")["open"]
    told = {
        "id": client.mind.turn().headers["x-claude-code-session-id"],
        "mail": client.mind.sees().count(AWAY),
        "work": [one["message_id"] for one in owed],
    }
    client.mind.say("Bye.")
    return told


def main() -> None:
    """Report what each fork is told, and then the conversation that they came from."""
    with stage() as scene:
        parent = ClaudeCode(scene, "parent")
        forks = [Fork(scene, "one"), Fork(scene, "other")]
        hooked(parent)
        run = parent.start("Work.")
        parent.mind.call("get_my_session")
        scene.facts["task"] = send(scene, parent.session_id, TASK, "--action-required")
        parent.mind.call("get_my_session")
        parent.mind.say("Later.")
        run.end()
        send(scene, parent.session_id, AWAY)
        for fork in forks:
            run = fork.follow(parent, scene.project)
            scene.facts[fork.name] = look(fork)
            run.end()
        run = parent.start("Go on.")
        scene.facts["parent"] = look(parent)
        run.end()


if __name__ == "__main__":
    main()
