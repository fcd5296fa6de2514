"""What happens in the demo, step by step; each claim in it is checked, never just printed."""

from __future__ import annotations

import os
import select
import time
from typing import TYPE_CHECKING, Any, Final

from oxtail.cli.demo.client import ANSWER_SECONDS, Client, DemoFailed
from oxtail.cli.demo.peer import DONE, NAME
from oxtail.core.value import Value

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence

    from oxtail.cli.demo.world import World

CLAUDE: Final = "c1a0de00-0000-4000-8000-00000000c1a0"
CODEX: Final = "c0de0000-0000-4000-8000-0000000c0de0"

SHOWN: Final = frozenset(("shown", "in_context", "answered"))
"""What the status of a message is once its receipt is there."""

LOOK_SECONDS: Final = 0.005
"""Pause between two looks where only a look can tell."""


class Narrator:
    """Says what happens, and counts the checks that held.

    Args:
        say: Takes text for people, or None to be silent.
        pace: Pause after each line, in seconds.
    """

    def __init__(self, say: Callable[[str], None] | None, pace: float) -> None:
        self._say = say
        self._pace = pace
        self.checks = 0

    def line(self, text: str = "") -> None:
        """Say one line."""
        if self._say is not None:
            self._say(text + "\n")
            time.sleep(self._pace)

    def step(self, title: str) -> None:
        """Begin a step."""
        self.line()
        self.line(title)

    def hear(self, speaker: str, listener: str, words: str) -> None:
        """Say who said what to whom."""
        self.line(f"  {speaker:>7} -> {listener:<7}  {words}")

    def check(self, claim: str, holds: object) -> None:
        """Say *claim* if it holds, else end the demo."""
        if not holds:
            raise DemoFailed(f"this did not hold: {claim}")
        self.checks += 1
        self.line(f"  ok: {claim}")


class Cast(Value):
    """Who takes part; ``sent`` collects the ids of all messages."""

    world: World
    say: Narrator
    claude: Client
    codex: Client
    builder: subprocess.Popen[bytes]
    builder_id: str
    sent: list[str]


def _serve(world: World, name: str, meta: dict[str, str], **extra: str) -> Client:
    client = Client(world.start("-m", "oxtail", "serve", **extra), name, meta)
    client.handshake()
    return client


def _codex(world: World) -> Client:
    # Codex gives its servers no session in their environment; it puts one on each call.
    return _serve(world, "codex-mcp-client", {"threadId": CODEX})


def _first_line(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    if not select.select([process.stdout], [], [], ANSWER_SECONDS)[0]:
        raise DemoFailed("the Python peer said nothing")
    return process.stdout.readline().decode().strip()


def _eventually(look: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + ANSWER_SECONDS
    while not (found := look()):
        if time.monotonic() > deadline:
            raise DemoFailed(f"this did not happen: {what}")
        time.sleep(LOOK_SECONDS)
    return found


def _mail(client: Client) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = client.call("read_my_messages")["messages"]
    return messages


def _await_mail(client: Client) -> list[dict[str, Any]]:
    mail: list[dict[str, Any]] = _eventually(lambda: _mail(client), "mail arrives")
    return mail


def _statuses(cast: Cast, ids: Sequence[str]) -> list[str]:
    return [cast.claude.call("message_status", message_id=each)["status"] for each in ids]


def _await_receipts(cast: Cast, ids: Sequence[str]) -> set[str]:
    # A receipt follows the answer that showed the message: it proves that the answer is out.
    _eventually(lambda: set(_statuses(cast, ids)) <= SHOWN, "each message has a receipt")
    return set(ids)


def _milliseconds(since: float) -> str:
    return f"{(time.monotonic() - since) * 1000:.0f} ms"


def _start(world: World, say: Narrator) -> Cast:
    say.step("1. Three sessions start in one project, a process each.")
    since = time.monotonic()
    builder = world.start("-m", "oxtail.cli.demo.peer")
    claude = _serve(world, "claude-code", {}, CLAUDECODE="1", CLAUDE_CODE_SESSION_ID=CLAUDE)
    codex = _codex(world)
    builder_id = _first_line(builder)
    took = _milliseconds(since)
    say.line(f"  claude   a Claude Code session, its server is process {claude.process.pid}")
    say.line(f"  codex    a Codex session, its server is process {codex.process.pid}")
    say.line(f"  {NAME}  a Python program, process {builder.pid}")
    cast = Cast(world, say, claude, codex, builder, builder_id, [])
    say.check(f"the Python program joined, and all are ready after {took}", builder_id)
    for client, session_id, how in ((claude, CLAUDE, "environment"), (codex, CODEX, "calls")):
        known = client.call("get_my_session")["entry"]["client"]
        say.check(
            f"the {known['type']} server knows its session from its client's {how}",
            known["session_id"] == session_id,
        )
    return cast


def _find(cast: Cast) -> None:
    say = cast.say
    say.step("2. They find each other, with no set-up.")
    rows = cast.claude.call("list_project_sessions")["sessions"]
    for row in rows:
        me = " (me)" if row.get("is_me") else ""
        purpose = (row["state"] or {}).get("purpose")
        say.line(
            f"  {row.get('peer_name') or row['client_type']:<12} {row['client_session_id']}{me}"
            + (f"  {purpose}" if purpose else "")
        )
    found = {row["client_session_id"] for row in rows}
    say.check("Claude Code sees all three", found == {CLAUDE, CODEX, cast.builder_id})


def _message(cast: Cast) -> None:
    say = cast.say
    say.step("3. A message.")
    words = "the parser is yours, I take the lexer"
    say.hear("claude", "codex", words)
    sent = cast.claude.call("send_message", target=CODEX, body=words, wake="off")["message_id"]
    cast.sent.append(sent)
    status = _statuses(cast, [sent])
    say.check("it is stored, and nobody claims that it was read", status == ["stored"])
    mail = _mail(cast.codex)
    say.check("Codex reads it", [(m["id"], m["body"]) for m in mail] == [(sent, words)])
    say.check("now there is a receipt", _await_receipts(cast, [sent]))


def _ask(cast: Cast) -> None:
    say = cast.say
    say.step("4. A question, and its answer.")
    words = "which port does the server use?"
    say.hear("claude", "codex", words)
    waiting = cast.claude.begin("ask_peer", target=CODEX, body=words, timeout_ms=8_000)
    (question,) = _await_mail(cast.codex)
    say.check("Claude Code waits, Codex has the question", question["body"] == words)
    say.hear("codex", "claude", "8081")
    since = time.monotonic()
    reply = cast.codex.call("reply_to_message", message_id=question["id"], body="8081")
    answer = cast.claude.end(waiting)
    took = _milliseconds(since)
    cast.sent.extend((question["id"], reply["message_id"]))
    correct = answer["reply"]["body"] == "8081" and answer["correlation"] == "correlated"
    say.check(f"the wait ended with the answer {took} after Codex began to reply", correct)

    words = "do the tests pass?"
    say.hear("claude", NAME, words)
    answer = cast.claude.call("ask_peer", target=NAME, body=words, timeout_ms=8_000)
    reply = answer["reply"] or {}
    say.hear(NAME, "claude", str(reply.get("body")))
    cast.sent.extend((answer["message_id"], reply.get("id", "")))
    say.check(
        "the Python program answers by itself, and is known by its name",
        reply.get("from_session_id") == cast.builder_id,
    )


def _kill(cast: Cast) -> Client:
    say = cast.say
    say.step("5. Work is handed over, and Codex's server is killed before it knows.")
    words = "please review the lexer"
    say.hear("claude", "codex", f"{words} (action required)")
    given = cast.claude.call("send_message", target=CODEX, body=words, action_required=True)
    first = given["message_id"]
    say.check("Codex owes it from now on", given["obligation_durable"])
    cast.codex.process.kill()
    status = cast.codex.process.wait(ANSWER_SECONDS)
    say.check(f"process {cast.codex.process.pid} is dead (SIGKILL)", status == -9)
    order = f"build, then tell {CODEX}"
    say.hear("claude", NAME, "build, then tell codex")
    answer = cast.claude.call("ask_peer", target=NAME, body=order, timeout_ms=8_000)
    told = (answer["reply"] or {}).get("body", "").rpartition(" ")[2]
    say.hear(NAME, "codex", "the build is green")
    cast.sent.extend((first, answer["message_id"], (answer["reply"] or {}).get("id", ""), told))
    kept = _statuses(cast, [first, told]) == ["stored"] * 2
    say.check("both messages for the dead session are kept", kept)

    say.step("6. Codex comes back, as a new process with the same session.")
    codex = _codex(cast.world)
    mail = _mail(codex)
    for message in mail:
        speaker = "claude" if message["from_session_id"] == CLAUDE else NAME
        say.hear(speaker, "codex", message["body"])
    say.check("its mail is there, in order", [m["id"] for m in mail] == [first, told])
    say.check("and only once", _mail(codex) == [])
    return codex


def _work(cast: Cast) -> None:
    say = cast.say
    say.step("7. The work is still there, and Codex closes it.")
    owed = cast.codex.call("my_open_work")["open"]
    for item in owed:
        say.line(f"  open     {item['message_id']}  {item['body']}")
    (work,) = [item["message_id"] for item in owed]
    words = "two findings, both fixed"
    say.hear("codex", "claude", words)
    closed = cast.codex.call("complete_work", message_id=work, body=words)
    cast.sent.append(closed["completion_message_id"])
    say.check("nothing is open any more", cast.codex.call("my_open_work")["count"] == 0)
    mail = [(m["id"], m["body"], m["source_message_id"]) for m in _mail(cast.claude)]
    say.check("Claude Code has the result", mail == [(cast.sent[-1], words, work)])
    say.check("and its delegation counts as answered", _statuses(cast, [work]) == ["answered"])


def _leave(cast: Cast) -> int:
    say = cast.say
    say.step("8. Everybody leaves.")
    last = cast.claude.call("send_message", target=NAME, body=DONE)["message_id"]
    cast.sent.append(last)
    say.hear("claude", NAME, DONE)
    say.check("the Python program ends by itself", cast.builder.wait(ANSWER_SECONDS) == 0)
    receipts = _await_receipts(cast, cast.sent)
    say.check(f"all {len(cast.sent)} messages have a receipt", len(receipts) == len(cast.sent))
    ended = []
    for client in (cast.claude, cast.codex):
        assert client.process.stdin is not None
        client.process.stdin.close()
        ended.append(client.process.wait(ANSWER_SECONDS))
    say.check("the servers end when their clients leave", ended == [0, 0])
    entries = os.listdir(os.path.join(cast.world.state, "sessions"))
    say.check("nobody is registered any more", [n for n in entries if n.endswith(".json")] == [])
    return len(receipts)


def tell(world: World, say: Narrator) -> dict[str, Any]:
    """Play the story in *world* and return its numbers.

    Raises:
        DemoFailed: a step did not hold.
    """
    say.line("oxtail demo: a Claude Code session, a Codex session and a Python program.")
    say.line(f"Everything happens below {world.folder}, which is removed at the end.")
    try:
        cast = _start(world, say)
        _find(cast)
        _message(cast)
        _ask(cast)
        cast = cast._replace(codex=_kill(cast))
        _work(cast)
        shown = _leave(cast)
    except DemoFailed as error:
        if complaints := world.complaints():
            error.fields["standard_error"] = complaints
        raise
    sent = len(cast.sent)
    return {"sent": sent, "shown": shown, "lost": sent - shown, "killed": 1}
