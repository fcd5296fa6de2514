"""What each event means: the table, the payload's members, the output."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from oxtail.core.hook import BUSY, CLIENTS, GONE, IDLE, RULES, HookEvent, output, parse, rule_for
from oxtail.errors import BadArgument

SID = "11111111-1111-4111-8111-111111111111"


def event(name: str, **members: Any) -> HookEvent:
    return HookEvent(name, members.pop("client", "claude"), SID, **members)


@pytest.mark.parametrize(
    ("name", "delivers", "marker"),
    [
        ("SessionStart", False, None),
        ("UserPromptSubmit", True, BUSY),
        ("PreToolUse", True, BUSY),
        ("PostToolUse", True, BUSY),
        ("Stop", True, IDLE),
        ("SessionEnd", False, GONE),
        ("SubagentStop", False, None),
        ("", False, None),
    ],
)
def test_an_event_of_the_main_loop(name: str, delivers: bool, marker: str | None) -> None:
    rule = rule_for(event(name))
    assert (rule.delivers, rule.marker) == (delivers, marker)


def test_a_subagent_takes_nothing_and_ends_nothing() -> None:
    for name in RULES:
        rule = rule_for(event(name, is_subagent=True))
        assert not rule.delivers
        assert not rule.ends
        assert rule.marker in (None, BUSY)


def test_a_prolonged_turn_ends_without_mail() -> None:
    rule = rule_for(event("Stop", is_prolonged=True))
    assert (rule.delivers, rule.marker, rule.ends) == (False, IDLE, True)
    assert rule_for(event("PostToolUse", is_prolonged=True)).delivers


@pytest.mark.parametrize("session_id", [None, "", 7, [SID], {"a": 1}, True, "a" * 201, "a\0", "\n"])
def test_an_event_without_a_session_is_refused(session_id: object) -> None:
    with pytest.raises(BadArgument):
        parse("Stop", "claude", {"session_id": session_id})


@pytest.mark.parametrize(
    ("value", "is_set"),
    [
        (None, False),
        ("", False),
        (False, False),
        (True, True),
        ("a1", True),
        (7, True),
        ({}, True),
        ([], True),
    ],
)
def test_flags_that_cannot_be_understood_keep_the_mail(value: object, is_set: bool) -> None:
    found = parse("Stop", "claude", {"session_id": SID, "agent_id": value})
    assert found.is_subagent is is_set
    found = parse("Stop", "claude", {"session_id": SID, "stop_hook_active": value})
    assert found.is_prolonged is is_set


def test_a_placeholder_that_was_filled_in_as_text_is_understood() -> None:
    for text, is_set in (("false", False), ("true", True), ("${stop_hook_active}", True)):
        found = parse("Stop", "claude", {"session_id": SID, "stop_hook_active": text})
        assert found.is_prolonged is is_set


def test_only_codex_is_told_not_to_stop() -> None:
    for name, client in itertools.product(RULES, CLIENTS):
        found = output(event(name, client=client), "text")
        if (name, client) == ("Stop", "codex"):
            assert found == {"decision": "block", "reason": "text"}
        else:
            inside = {"hookEventName": name, "additionalContext": "text"}
            assert found == {"hookSpecificOutput": inside}
