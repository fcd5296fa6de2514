"""A person at the screen looks at both clients, tells each something, nudges it, and goes there."""

from __future__ import annotations

import time
from typing import Any, Final

from e2e.clients import terminal
from e2e.clients.hooks import trace
from e2e.clients.person import (
    PATH,
    Client,
    SetUpClaude,
    SetUpCodex,
    has_server,
    oxtail,
    set_up,
)
from e2e.clients.stage import PLAIN, Stage, client_program, stage, until
from oxtail.app.fleet import Collector
from oxtail.config import from_env
from oxtail.wiring import open_context

SHORT: Final = {"OXTAIL_OXPIT_ACTIVE_S": "1"}
"""A transcript that is older says nothing of work any more."""


class OwnCodex(SetUpCodex):
    """Codex in a process of its own: with an option it does not hand the session to its daemon."""

    def show(self, prompt: str) -> None:
        """Start the session on a screen."""
        argv = [client_program("codex"), "-c", "check_for_update_on_startup=false", prompt]
        terminal.show(self.name, argv, self.environ(), self._project)


def collector(scene: Stage) -> Collector:
    """Return what looks at the fleet as the cockpit does."""
    ctx = open_context(from_env({**PLAIN, "PATH": PATH, **SHORT}), role="cli")
    return Collector(ctx, project_root=scene.project)


def shown(fleet: Collector, client: Client, reason: str) -> dict[str, Any]:
    """Wait until the fleet says *reason* of the state of a client; return its row."""

    def row() -> dict[str, Any] | None:
        agent = fleet.look(comms=0).agent(client.session_id)
        is_there = agent and agent.verdict.reason.value == reason
        return agent.as_dict(time.time()) if agent and is_there else None

    found: dict[str, Any] = until(row, f"{client.name} is shown as {reason}")
    return found


def play(scene: Stage, client: Client) -> None:
    """Report what is seen of one client, and what it sees of the person."""
    mind, fleet = client.mind, collector(scene)
    client.show("Work.")
    mind.turn()
    has_server(client)
    facts: dict[str, Any] = {"at work": shown(fleet, client, "pane_fresh")}
    # From here on a look for these words alone would find work for ever.
    mind.say("To stop me, press esc to interrupt…")
    facts["done"] = shown(fleet, client, "idle")

    body = f"What the person says to {client.name}; rm nothing."
    at = time.time()
    facts["told"] = oxtail(scene, "message", "--json", client.session_id, body)["result"]
    seen = mind.sees()
    facts["latency"] = round(time.time() - at, 3)
    facts["header"] = seen[seen.rindex("--- msg") : seen.rindex(body)]
    facts["reply"] = mind.call(
        "reply_to_message", message_id=facts["told"]["message_id"], body="Thank you."
    )
    mind.say("Read.")
    shown(fleet, client, "idle")
    facts["nudged"] = oxtail(scene, "message", "--json", client.session_id, "--nudge")["result"]
    facts["nudge is seen"] = mind.sees().count("A nudge from the operator")
    mind.say("Looked.")
    shown(fleet, client, "idle")
    facts["times"] = mind.dialect.text(mind.turns[-1].body).count(body)
    facts["status"] = oxtail(scene, "status", "--json", facts["told"]["message_id"])["result"]
    facts["jump"] = oxtail(scene, "jump", "--json", client.session_id, "--dry-run")["error"]
    scene.facts[client.name] = facts


def main() -> None:
    """Report both clients, and whether anybody typed."""
    with stage() as scene:
        claude, codex = SetUpClaude(scene), OwnCodex(scene)
        set_up(scene)
        for client in (claude, codex):
            play(scene, client)
        scene.facts["events"] = trace()


if __name__ == "__main__":
    main()
