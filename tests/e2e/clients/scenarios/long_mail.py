"""More mail than a client passes on at once, by hooks alone and by the read tool."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from e2e.clients.hooks import SENDER, receipt, trace
from e2e.clients.person import (
    Client,
    SetUpClaude,
    SetUpCodex,
    amend,
    furnish,
    has_server,
    idle,
    oxtail,
)
from e2e.clients.stage import stage, until

if TYPE_CHECKING:
    from e2e.clients.stage import Stage

MESSAGES: Final = 6
BODY_BYTES: Final = 6_000
LONGEST: Final = 8_192
TURNS: Final = 16
"""How many requests may pass until all is seen."""


def body_of(name: str, number: int) -> str:
    """Return a body that is like no other one in any part of it."""
    line = 0
    lines = []
    while sum(map(len, lines)) + len(lines) < BODY_BYTES:
        line += 1
        lines.append(f"{name} message {number} line {line}")
    return "\n".join(lines)


class Batch:
    """Messages to one client, and in which request each was seen."""

    def __init__(self, scene: Stage, client: Client, bodies: dict[str, str]) -> None:
        self._client = client
        self._forms = {
            name: (body, json.dumps(body, ensure_ascii=False)[1:-1])
            for name, body in bodies.items()
        }
        self._ids: dict[str, str] = {}
        self._seen: dict[str, int] = {}
        self._early: list[str] = []
        for name, body in bodies.items():
            words = ("send", "--json", client.session_id, body.replace("?", "\x01"))
            answer = oxtail(scene, *words, OXTAIL_SESSION_ID=SENDER)
            self._ids[name] = answer["result"]["message_id"]

    def _place(self, text: str, name: str) -> int:
        return max(text.find(form) for form in self._forms[name])

    def look(self) -> bool:
        """Note what the request at hand has, and which receipts there are; tell if it has all."""
        text = self._client.mind.sees()
        for name, message_id in self._ids.items():
            if self._place(text, name) >= 0:
                self._seen.setdefault(name, len(self._client.mind.turns))
            elif receipt(message_id) is not None:
                self._early.append(name)
        return len(self._seen) == len(self._ids)

    def tell(self) -> dict[str, Any]:
        """Report it."""
        text = self._client.mind.sees()
        for message_id in self._ids.values():
            until(lambda i=message_id: receipt(i), "what was seen has a receipt")  # type: ignore[misc]
        return {
            "sent": list(self._ids),
            "order": sorted(self._seen, key=lambda name: self._place(text, name)),
            "requests": self._seen,
            "times": {
                name: sum(text.count(form) for form in set(forms))
                for name, forms in self._forms.items()
            },
            "receipts before": self._early,
            "via": {name: (receipt(i) or {}).get("via") for name, i in self._ids.items()},
        }


def play(scene: Stage, client: Client) -> None:
    """Report both batches."""
    mind = client.mind
    client.show("Work.")
    mind.turn()
    has_server(client)
    bodies = {f"m{n}": body_of(f"{client.name} hooks", n) for n in range(MESSAGES)}
    # A control character is shown as a sign of its own length.
    bodies["longest"] = "q?" * (LONGEST // 2)
    batch = Batch(scene, client, bodies)
    for _ in range(TURNS):
        mind.say("Done.")
        if batch.look():
            break
    facts = {"hooks": batch.tell()}

    bodies = {f"m{n}": body_of(f"{client.name} reads", n) for n in range(MESSAGES)}
    batch = Batch(scene, client, bodies)
    answers = []
    for _ in range(TURNS):
        answers.append(mind.call("read_my_messages"))
        if batch.look():
            break
    facts["reads"] = {**batch.tell(), "counts": [
        (answer["count"], answer.get("deferred_count", 0)) for answer in answers
    ]}  # fmt: skip
    mind.say("Done.")
    idle(client.name)
    scene.facts[client.name] = facts


def main() -> None:
    """Play it for both clients, as setup leaves them."""
    with stage() as scene:
        claude, codex = SetUpClaude(scene), SetUpCodex(scene)
        furnish(scene)
        scene.facts["setup"] = oxtail(scene, "setup", "--yes", "--json")
        amend()
        for client in (claude, codex):
            play(scene, client)
        scene.facts["events"] = trace()


if __name__ == "__main__":
    main()
