"""Claude Code is given a new session id by ``/clear``; what was sent to the old one is not lost.

Codex stays in one long turn, so it can send at any moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from e2e.clients.doors import tmux
from e2e.clients.hooks import marker
from e2e.clients.person import SetUpClaude, SetUpCodex, has_server, idle, set_up
from e2e.clients.proofs import found_by
from e2e.clients.stage import Running, Stage, stage, until

if TYPE_CHECKING:
    from e2e.clients.model import Mind

BRIEF_MS: Final = 300
"""How long a question is waited for; its answer comes later than that."""

HANDLE: Final = "words that can be answered later"
TASK: Final = "a task for the whole day"
QUESTION: Final = "a question that waits"
BETWEEN: Final = "words between the send and the read"
CALL: Final = "words that begin the new conversation"
AFTER: Final = "words to the old name"
ANSWER: Final = "an answer to the old name"
REPLY: Final = "a reply to words from before"
RESULT: Final = "the task is done"
SECOND: Final = "a second task"


def enter(client: SetUpClaude, text: str) -> None:
    """Type *text*, which a user alone can say."""
    tmux("send-keys", "-t", f"={client.name}:", "-l", text)
    tmux("send-keys", "-t", f"={client.name}:", "Enter")


def shown(mind: Mind, body: str) -> int:
    """Let *mind* take one more step; return how often *body* is in the request after it."""
    mind.call("get_my_session")
    return mind.sees().count(body)


def counts(mind: Mind, words: dict[str, str]) -> dict[str, int]:
    """Return how often each of *words* is in what the model was sent last."""
    text = mind.dialect.text(mind.turns[-1].body)
    return {name: text.count(each) for name, each in words.items()}


def before(scene: Stage, claude: SetUpClaude, codex: SetUpCodex) -> dict[str, dict[str, Any]]:
    """Leave something open of each kind; return what was sent."""
    codex.mind.call("get_my_session")
    claude.mind.turn()
    has_server(claude)
    old, send = claude.session_id, codex.mind.call
    sent = {
        "handle": send("send_message", target=old, body=HANDLE),
        "task": send("send_message", target=old, body=TASK, action_required=True),
    }
    claude.mind.call("get_my_session")
    scene.facts["before"] = counts(claude.mind, {"handle": HANDLE, "task": TASK})
    sent["question"] = claude.mind.call(
        "ask_peer", target=codex.session_id, body=QUESTION, timeout_ms=BRIEF_MS
    )
    claude.mind.say("Done.")
    idle(claude.name)
    sent["between"] = send("send_message", target=old, body=BETWEEN, wake="off")
    scene.facts["waiting"] = send("message_status", message_id=sent["between"]["message_id"])
    return sent


def clear(
    scene: Stage, claude: SetUpClaude, codex: SetUpCodex, sent: dict[str, dict[str, Any]]
) -> None:
    """Clear the conversation, and report what the model of the new one has before it.

    Nobody types a prompt: mail to the old id begins the first turn of the new conversation.
    """
    old = claude.session_id
    enter(claude, "/clear")
    # The end of the old conversation takes its marker away.
    until(lambda: marker(old) is None, "the old conversation has ended")
    idle(claude.name)
    codex.mind.call("send_message", target=old, body=CALL)
    claude.mind.turn()
    words = {"between": BETWEEN, "call": CALL, "task body": TASK, "question body": QUESTION}
    ids = {name: sent[name]["message_id"] for name in ("handle", "task", "question")}
    scene.facts["after"] = counts(claude.mind, words | ids)
    scene.facts["new id"] = claude.mind.turn().headers["x-claude-code-session-id"]


def after(
    scene: Stage, claude: SetUpClaude, codex: SetUpCodex, sent: dict[str, dict[str, Any]]
) -> None:
    """Report whether all that was open can be gone on with, on both sides."""
    facts: dict[str, Any] = scene.facts
    facts["found"] = found_by(codex.mind, sent["between"]["message_id"])
    facts["to the old id"] = codex.mind.call("send_message", target=claude.session_id, body=AFTER)
    facts["to the old id is shown"] = shown(claude.mind, AFTER)

    facts["replied"] = claude.mind.call(
        "reply_to_message", message_id=sent["handle"]["message_id"], body=REPLY
    )
    facts["reply is shown"] = shown(codex.mind, REPLY)

    facts["answered"] = codex.mind.call(
        "reply_to_message", message_id=sent["question"]["message_id"], body=ANSWER
    )
    facts["answer is shown"] = shown(claude.mind, ANSWER)

    facts["open"] = claude.mind.call("my_open_work")
    facts["completed"] = claude.mind.call(
        "complete_work", message_id=sent["task"]["message_id"], body=RESULT
    )
    facts["result is shown"] = shown(codex.mind, RESULT)


def compact(scene: Stage, claude: SetUpClaude, codex: SetUpCodex) -> None:
    """Compact the new conversation, with open work; report what the model sees then."""
    sent = codex.mind.call(
        "send_message", target=scene.facts["new id"], body=SECOND, action_required=True
    )
    claude.mind.say("Done.")
    claude.mind.turn()  # the mail at the end of the turn prolongs it
    claude.mind.say("Later.")
    idle(claude.name)
    enter(claude, "/compact")
    claude.mind.turn()
    claude.mind.say("<summary>All is well.</summary>")
    idle(claude.name)
    enter(claude, "Go on.")
    claude.mind.turn()
    scene.facts["compacted"] = counts(claude.mind, {"id": sent["message_id"], "body": SECOND})
    claude.mind.call("complete_work", message_id=sent["message_id"], body=RESULT)


def resume(scene: Stage, claude: SetUpClaude, codex: SetUpCodex, run: Running) -> None:
    """Let Codex end with open work and resume it; report what its model sees then."""
    sent = claude.mind.call(
        "send_message", target=codex.session_id, body=SECOND, action_required=True
    )
    codex.mind.call("get_my_session")
    codex.mind.say("Later.")
    scene.facts["exit code"] = run.end()
    task = {"id": sent["message_id"], "body": SECOND}
    before = counts(codex.mind, task)
    codex.start("Go on.")
    codex.mind.turn()
    scene.facts["resumed"] = {"before": before, "after": counts(codex.mind, task)}


def main() -> None:
    """Report what reaches the new conversation, and what it can still answer."""
    with stage() as scene:
        claude, codex = SetUpClaude(scene), SetUpCodex(scene)
        set_up(scene)
        scene.facts["old id"] = claude.session_id
        claude.show("Work.")
        run = codex.start("Work with Claude Code.")
        sent = before(scene, claude, codex)
        scene.facts["sent"] = sent
        clear(scene, claude, codex, sent)
        after(scene, claude, codex, sent)
        compact(scene, claude, codex)
        resume(scene, claude, codex, run)


if __name__ == "__main__":
    main()
