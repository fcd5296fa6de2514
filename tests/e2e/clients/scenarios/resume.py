"""Mail for a client that is killed arrives when its session is resumed."""

from __future__ import annotations

from e2e.clients.claude import ClaudeCode
from e2e.clients.codex import Codex
from e2e.clients.stage import Running, Stage, servers, stage, until


def kill_and_resume(
    scene: Stage, sender: ClaudeCode | Codex, victim: ClaudeCode | Codex, run: Running
) -> Running:
    """Send to *victim* before and after it is killed, resume it, report what it then reads."""
    send = sender.mind.call
    before = send("send_message", target=victim.session_id, body="before the kill", wake="off")
    victim.mind.turn()  # the client is in the middle of its turn
    others = len(servers()) - 1
    run.kill()
    victim.mind.forget()
    until(lambda: len(servers()) == others, "the server of the killed client has ended")
    after = send("send_message", target=victim.session_id, body="after the kill", wake="off")
    resumed = victim.start("Go on.")
    mail = victim.mind.call("read_my_messages")
    scene.facts[f"{victim.name} is killed"] = {
        "sent": [before, after],
        "read": mail["messages"],
        "again": victim.mind.call("read_my_messages")["messages"],
        "victim sees": victim.mind.sees(),
        "status": [
            send("message_status", message_id=sent["message_id"]) for sent in (before, after)
        ],
    }
    return resumed


def main() -> None:
    """Kill Claude Code, then Codex; report what each reads when it is back."""
    with stage() as scene:
        claude, codex = ClaudeCode(scene), Codex(scene)
        runs = [claude.start("Work with Codex."), codex.start("Work with Claude Code.")]
        for client in (codex, claude):
            client.mind.call("get_my_session")
            scene.facts[client.name] = client.session_id
        runs[0] = kill_and_resume(scene, codex, claude, runs[0])
        runs[1] = kill_and_resume(scene, claude, codex, runs[1])
        for client in (codex, claude):
            client.mind.say("Done.")
        scene.facts["exit codes"] = [run.end() for run in runs]
        scene.end()


if __name__ == "__main__":
    main()
