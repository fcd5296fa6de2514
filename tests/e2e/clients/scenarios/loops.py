"""Two agents were told to acknowledge whatever comes; the governor ends it, and leaves questions.

Both models are scripted to answer each message with the same few words, for ever.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from e2e.clients.hooks import trace
from e2e.clients.person import HOME, SetUpClaude, SetUpCodex, has_server, idle, oxtail, set_up
from e2e.clients.stage import Stage, stage

THANKS: Final = "ok, thanks"
LIMIT: Final = 6
"""Consecutive messages without content between two sessions; the default of OXTAIL_ACK_LOOP."""

FOR_EVER: Final = 3 * LIMIT
"""When a scenario gives up waiting for the governor."""

STUBBORN: Final = 3
"""How often each goes on after it was told."""

WAIT_MS: Final = 45_000

Client = SetUpClaude | SetUpCodex


def last_id(client: Client) -> str:
    """Return the id of the message that the model was shown last, in any of its requests."""
    text = client.mind.dialect.text(client.mind.turns[-1].body)
    return re.findall(r"\| message_id=(\w+)", text)[-1]


def acknowledge(client: Client) -> dict[str, Any]:
    """Answer what was shown last with nothing new; return what the model is told."""
    client.mind.turn()
    return client.mind.call("reply_to_message", message_id=last_id(client), body=THANKS)


def go_on_for_ever(facts: dict[str, Any], claude: SetUpClaude, codex: SetUpCodex) -> None:
    """Let the two acknowledge each other until one is stopped, then try again and again."""
    facts["begun"] = claude.mind.call(
        "send_message", target=codex.session_id, body="All tests of the parser are green now."
    )
    claude.mind.say("Told.")
    facts["passed"] = []
    both: tuple[Client, Client] = (codex, claude)
    for number in range(FOR_EVER):
        client = both[number % 2]
        told = acknowledge(client)
        if not told["ok"]:
            facts["stopped"] = told
            break
        facts["passed"].append(told["message_id"])
        client.mind.say("Acknowledged.")
    else:
        raise AssertionError(f"nobody has stopped them after {FOR_EVER} messages")
    stopped, other = (client, both[1 - number % 2])
    facts["stubborn"] = [acknowledge(stopped) for _ in range(STUBBORN)]
    stopped.mind.say("Stopped.")
    idle(stopped.name)
    idle(other.name)
    facts["turns"] = {client.name: len(client.mind.turns) for client in both}


def ask(scene: Stage, claude: SetUpClaude, codex: SetUpCodex) -> None:
    """Let Claude Code acknowledge once more and then ask, right after; report both."""
    theirs = last_id(claude)
    # A program without a name gives it a reason to take a turn.
    oxtail(scene, "send", "--json", claude.session_id, "Ask Codex for its branch.")
    claude.mind.turn()
    scene.facts["other"] = claude.mind.call(
        "reply_to_message", message_id=theirs, body=THANKS.upper()
    )
    waiting = claude.mind.use(
        "ask_peer", target=codex.session_id, body="Which branch?", timeout_ms=WAIT_MS
    )
    asked = codex.mind.sees().count("Which branch?")
    question = last_id(codex)
    replied = codex.mind.call("reply_to_message", message_id=question, body="The branch main.")
    answer = claude.mind.result(waiting)
    scene.facts["question"] = {"times asked": asked, "replied": replied, "answer": answer}


def notices() -> list[dict[str, Any]]:
    """Return the lines for the human, from the state folder."""
    with open(f"{HOME}/.oxtail/notices.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def main() -> None:
    """Report how far the two came, what each was told, and what the human is told."""
    with stage() as scene:
        claude, codex = SetUpClaude(scene), SetUpCodex(scene)
        set_up(scene)
        codex.show("Acknowledge whatever comes.")
        codex.mind.call("get_my_session")
        codex.mind.say("Waiting.")
        claude.show("Acknowledge whatever comes.")
        claude.mind.turn()
        has_server(claude)
        idle(codex.name)
        go_on_for_ever(scene.facts, claude, codex)
        ask(scene, claude, codex)
        scene.facts["doctor"] = oxtail(scene, "doctor", "--json")["result"]["findings"]
        scene.facts["notices"] = notices()
        scene.facts["events"] = trace()


if __name__ == "__main__":
    main()
