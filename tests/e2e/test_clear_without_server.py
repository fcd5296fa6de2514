"""A session is cleared, compacted or resumed while no server runs: only command hooks tell."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from helpers.hooking import Hooked, Ran
from helpers.stores import BOB
from oxtail.core.names import session_box
from oxtail.hooks.succession import lineage_on

CAROL = "33333333-3333-4333-8333-333333333333"
DAVE = "44444444-4444-4444-8444-444444444444"


class Client:
    """One client process, whose session has whatever id it has now."""

    def __init__(self, hooked: Hooked, kind: str = "claude") -> None:
        self.hooked = hooked
        self.kind = kind

    def hook(self, event: str, session_id: str, **members: Any) -> Ran:
        self.hooked.session_id = session_id
        named = {"CLAUDE_PID": str(os.getpid())} if self.kind == "claude" else {}
        return self.hooked.run(event, self.kind, members=members, environ=named)

    def start(self, session_id: str, source: str) -> Ran:
        return self.hook("SessionStart", session_id, source=source)

    def clear(self, before: str, after: str) -> Ran:
        self.hook("SessionEnd", before, reason="clear")
        return self.start(after, "clear")


@pytest.fixture
def hooked(home: Path) -> Hooked:
    return Hooked(home)


def test_mail_to_the_id_before_a_clear_is_shown_after_it(hooked: Hooked) -> None:
    client = Client(hooked)
    client.start(BOB, "startup")
    sent = hooked.mail("before the clear")

    reminder = client.clear(BOB, CAROL)
    prompt = client.hook("UserPromptSubmit", CAROL)

    assert "1 message waits" in reminder.text
    assert "before the clear" in prompt.text
    assert hooked.via(sent) == "hook"
    assert lineage_on(hooked.disk).former(CAROL) == (BOB,)


def test_mail_that_comes_to_the_old_id_after_a_clear_is_shown_too(hooked: Hooked) -> None:
    client = Client(hooked)
    client.start(BOB, "startup")
    client.clear(BOB, CAROL)
    hooked.mail("from a peer that knows the old id", box=session_box(BOB))

    assert "knows the old id" in client.hook("Stop", CAROL).text


def test_the_first_tool_call_after_a_clear_shows_it_too(hooked: Hooked) -> None:
    client = Client(hooked)
    client.start(BOB, "startup")
    hooked.mail("before the clear")
    client.clear(BOB, CAROL)

    assert "before the clear" in client.hook("PostToolUse", CAROL).text


def test_a_second_clear_goes_on_from_the_first(hooked: Hooked) -> None:
    client = Client(hooked)
    client.start(BOB, "startup")
    client.clear(BOB, CAROL)
    client.clear(CAROL, DAVE)

    assert lineage_on(hooked.disk).former(DAVE) == (CAROL, BOB)


@pytest.mark.parametrize("source", ["compact", "resume", "fork", ""])
def test_any_start_but_the_first_goes_on(hooked: Hooked, source: str) -> None:
    client = Client(hooked)
    client.start(BOB, "startup")
    client.start(CAROL, source)

    assert lineage_on(hooked.disk).former(CAROL) == (BOB,)


def test_a_compaction_that_keeps_the_id_changes_nothing(hooked: Hooked) -> None:
    client = Client(hooked)
    client.start(BOB, "startup")
    client.start(BOB, "compact")

    assert lineage_on(hooked.disk).heir(BOB) == BOB
    assert not (hooked.home / "lineage").exists()


def test_a_new_process_inherits_nothing(hooked: Hooked) -> None:
    Client(hooked).start(BOB, "startup")
    hooked.session_id = CAROL
    hooked.run(
        "SessionStart",
        members={"source": "clear"},
        environ={"CLAUDE_PID": str(os.getppid())},
    )

    assert lineage_on(hooked.disk).former(CAROL) == ()


def test_a_session_that_is_resumed_in_a_new_process_takes_its_past_back(hooked: Hooked) -> None:
    client = Client(hooked)
    client.start(BOB, "startup")
    client.clear(BOB, CAROL)
    hooked.session_id = BOB
    hooked.run(
        "SessionStart",
        members={"source": "resume"},
        environ={"CLAUDE_PID": str(os.getppid())},
    )

    assert lineage_on(hooked.disk).heir(BOB) == BOB
    assert lineage_on(hooked.disk).former(CAROL) == ()


def test_a_new_conversation_of_codex_inherits_nothing(hooked: Hooked) -> None:
    client = Client(hooked, "codex")
    client.start(BOB, "startup")
    client.clear(BOB, CAROL)

    assert lineage_on(hooked.disk).former(CAROL) == ()


def test_a_subagent_is_no_heir(hooked: Hooked) -> None:
    client = Client(hooked)
    client.start(BOB, "startup")
    client.hook("SessionStart", CAROL, source="clear", agent_id="a-1")

    assert lineage_on(hooked.disk).former(CAROL) == ()


def test_a_start_with_nothing_open_says_nothing_and_loads_little(hooked: Hooked) -> None:
    assert Client(hooked).start(BOB, "startup") == Ran(0, b"", b"")
    assert not hooked.traced("hook_failed")


@pytest.mark.parametrize("client", ["claude", "codex"])
def test_open_work_is_reminded_of_after_a_compaction(hooked: Hooked, client: str) -> None:
    work = hooked.mail("do this", action_required=True)
    peer = Client(hooked, client)

    text = peer.start(BOB, "compact").text

    assert f"1 open ({work})" in text
    assert "do this" not in text
    assert hooked.unread() == ["do this"]
    assert hooked.via(work) is None


def test_a_lineage_that_cannot_be_written_ends_no_hook(hooked: Hooked) -> None:
    client = Client(hooked)
    client.start(BOB, "startup")
    hooked.mail("still here", box=session_box(CAROL))
    (hooked.home / "lineage").write_text("in the way")

    client.clear(BOB, CAROL)

    assert "still here" in client.hook("UserPromptSubmit", CAROL).text
    assert hooked.traced("lineage_failed")


def test_old_drops_are_no_predecessor_of_a_reused_pid(hooked: Hooked) -> None:
    client = Client(hooked)
    client.start(BOB, "startup")
    drop = hooked.home / "session-starts" / BOB
    drop.write_text(drop.read_text().replace('"ppid_sig":"', '"ppid_sig":"Mon '))

    client.start(CAROL, "clear")

    assert lineage_on(hooked.disk).former(CAROL) == ()
