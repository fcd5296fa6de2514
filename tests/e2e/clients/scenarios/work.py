"""Claude Code hands work to Codex and ends its turn; the result pulls it back, and nobody types."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from e2e.clients.hooks import trace
from e2e.clients.person import HOME, SetUpClaude, SetUpCodex, has_server, idle, set_up
from e2e.clients.proofs import found_by
from e2e.clients.stage import Stage, stage, until

if TYPE_CHECKING:
    from e2e.clients.model import Mind

TASK: Final = "Count the files, please."
NEWS: Final = "I have begun to count."
RESULT: Final = "There are forty-two files."
OTHER: Final = "There are none after all."
DUE: Final = "Say when you are done."
REASON: Final = "No time for that."
WAIT_MS: Final = 45_000
ANSWERS: Final = {"claude": 5, "codex": 8}
"""How often each model is asked in :func:`delegate`, if nothing asks it in vain."""


def headers(mind: Mind) -> list[str]:
    """Return the headers of all messages that the model has before it."""
    return [line for line in mind.sees().split("\n") if line.startswith("--- msg ")]


def is_stored(body: str) -> bool:
    """Tell whether a message with *body* waits in a box."""
    folder = f"{HOME}/.oxtail/mailboxes"
    for name in os.listdir(folder):
        if name.endswith(".jsonl"):
            with open(f"{folder}/{name}", encoding="utf-8") as file:
                if body in file.read():
                    return True
    return False


def delegate(scene: Stage, claude: SetUpClaude, codex: SetUpCodex) -> None:
    """Let Claude Code delegate, Codex complete, and report what each model sees."""
    facts: dict[str, Any] = scene.facts
    codex.show("Wait for work.")
    codex.mind.call("get_my_session")
    codex.mind.say("Waiting.")
    claude.show("Delegate the counting.")
    claude.mind.turn()
    has_server(claude)
    idle(codex.name)

    facts["sent"] = claude.mind.call(
        "send_message", target=codex.session_id, body=TASK, action_required=True
    )
    work = facts["sent"]["message_id"]
    facts["codex sees"] = {"times": codex.mind.sees().count(TASK), "headers": headers(codex.mind)}
    # While its asker is in the middle of a turn, a line about how it stands.
    waiting = codex.mind.use("send_message", target=claude.session_id, body=NEWS, wait_ms=WAIT_MS)
    until(lambda: is_stored(NEWS), "the news lie in a box")
    facts["open for claude"] = claude.mind.call("my_open_work")
    facts["news"] = codex.mind.result(waiting)
    facts["result too early"] = claude.mind.sees().count(RESULT)
    claude.mind.say("Delegated.")
    idle(claude.name)

    facts["open"] = codex.mind.call("my_open_work")
    facts["completed"] = codex.mind.call("complete_work", message_id=work, body=RESULT)
    facts["result in time"] = claude.mind.sees().count(RESULT)
    facts["left"] = codex.mind.call("my_open_work")
    facts["again"] = codex.mind.call("complete_work", message_id=work, body=OTHER)
    facts["status"] = claude.mind.call("message_status", message_id=work)
    facts["turns"] = {client.name: len(client.mind.turns) for client in (claude, codex)}


class Impatient(SetUpClaude):
    """Claude Code whose server looks each second for what is overdue."""

    def environ(self) -> dict[str, str]:
        """As ever, with that setting."""
        return {**super().environ(), "OXTAIL_WAITER_HEAL_INTERVAL_MS": "1000"}


def forget(scene: Stage, claude: SetUpClaude, codex: SetUpCodex) -> None:
    """Let Claude Code end its turn with work that is soon due; report what brings it back."""
    sent = codex.mind.call(
        "send_message", target=claude.session_id, body=DUE, action_required=True, due_in_s=1
    )
    work = sent["message_id"]
    claude.mind.call("get_my_session")
    claude.mind.call("get_my_session")
    before = claude.mind.sees().count(work)
    claude.mind.say("Later.")
    after = claude.mind.sees().count(work)
    owed = claude.mind.call("my_open_work")
    blocked = claude.mind.call("block_work", message_id=work, reason=REASON)
    codex.mind.call("my_open_work")
    scene.facts["due"] = {
        "sent": sent,
        "seen": [before, after],
        "open": owed["open"],
        "blocked": blocked,
        "told": codex.mind.sees().count(f"[blocked] {REASON}"),
    }


def main() -> None:
    """Report what became of the work, and which lines of the transcripts prove it."""
    with stage() as scene:
        claude, codex = Impatient(scene), SetUpCodex(scene)
        set_up(scene)
        delegate(scene, claude, codex)
        sent = {
            "inbox door": (codex.mind, scene.facts["completed"]["completion_message_id"]),
            "hook": (codex.mind, scene.facts["news"]["message_id"]),
            "queue": (claude.mind, scene.facts["sent"]["message_id"]),
        }
        scene.facts["found"] = {
            way: {"id": message_id, **found_by(sender, message_id)}
            for way, (sender, message_id) in sent.items()
        }
        forget(scene, claude, codex)
        for client in (codex, claude):
            scene.facts[client.name] = client.session_id
            client.mind.say("Done.")
            idle(client.name)
        text = claude.mind.dialect.text(claude.mind.turns[-1].body)
        scene.facts["at the end"] = [text.count(words) for words in (NEWS, RESULT, OTHER)]
        scene.facts["events"] = trace()


if __name__ == "__main__":
    main()
