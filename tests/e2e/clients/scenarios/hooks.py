"""Hooks bring mail to each client: in a turn, at its end, at the start, and without a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e.clients.claude import ClaudeCode
from e2e.clients.codex import Codex
from e2e.clients.hooks import KINDS, hooked, kill_servers, marker, seen, send, trace
from e2e.clients.stage import stage

if TYPE_CHECKING:
    from e2e.clients.stage import Stage


def play(scene: Stage, client: ClaudeCode | Codex) -> None:
    """Report what the model of *client* has before it after each event."""
    mind = client.mind
    facts: dict[str, object] = {}
    run = client.start("Work.")
    # A payload that no pipe holds: the script may end before the client has written it.
    mind.call("get_my_session", padding="x" * 200_000)

    body = "while you work"
    sent = send(scene, client.session_id, body)
    mind.call("get_my_session")
    facts["tool result"] = seen(client, body, sent)

    body = "at the very end"
    sent = send(scene, client.session_id, body)
    mind.say("Done.")
    facts["end of turn"] = seen(client, body, sent)
    mind.say("Read.")
    facts["exit code"] = run.end()
    scene.end()

    body = "while you were away"
    sent = send(scene, client.session_id, body)
    run = client.start("Go on.")
    facts["start"] = seen(client, body, sent)

    mind.call("get_my_session")
    kill_servers()
    body = "without a server"
    sent = send(scene, client.session_id, body)
    mind.say("Done.")
    facts["no server"] = seen(client, body, sent)
    mind.say("Read.")
    facts["exit code again"] = run.end()
    facts["turns"] = len(mind.turns)
    facts["marker"] = marker(client.session_id)
    scene.facts[client.name] = facts


def main(kinds: tuple[str, ...] = KINDS) -> None:
    """Play the same for both clients, with hooks of these *kinds*."""
    with stage() as scene:
        for client in (ClaudeCode(scene), Codex(scene)):
            hooked(client, kinds)
            play(scene, client)
        scene.facts["trace"] = trace()


if __name__ == "__main__":
    main()
