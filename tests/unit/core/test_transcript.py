"""Transcript lines of both clients, and budgets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oxtail.core.transcript import (
    Said,
    Transcript,
    clamp_bytes,
    clamp_limit,
    clip_tail,
    fit,
    parse_claude_line,
    parse_codex_line,
)


def claude(content: object, *, kind: str = "user", role: object = None, **members: object) -> str:
    message = {"role": kind if role is None else role, "content": content}
    return json.dumps({"type": kind, "message": message, **members})


def codex(*blocks: object, role: str = "user", kind: str = "message", **members: object) -> str:
    payload = {"type": kind, "role": role, "content": list(blocks)}
    return json.dumps({"type": "response_item", "payload": payload, **members})


def words(text: str, kind: str = "input_text") -> dict[str, str]:
    return {"type": kind, "text": text}


def said(*texts: str) -> list[Said]:
    return [Said("user", text, None) for text in texts]


def fitted(
    messages: list[Said], limit: int = 20, max_bytes: int = 24_000, **rest: Any
) -> Transcript:
    options = {"more_before": False, "total": len(messages), "modified_at": 1.0, **rest}
    return fit(messages, limit, max_bytes, **options)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            claude("hi", timestamp="2026-01-01T00:00:00Z"),
            Said("user", "hi", "2026-01-01T00:00:00Z"),
        ),
        (
            claude(
                [words("a", "text"), {"type": "tool_use"}, words("b", "text")], kind="assistant"
            ),
            Said("assistant", "a\nb", None),
        ),
        (claude("hi", timestamp=5), Said("user", "hi", None)),
        (claude(""), None),
        (claude([{"type": "tool_result", "content": "x"}]), None),
        (claude([words("a", "thinking")]), None),
        (claude(None), None),
        (claude({"text": "x"}), None),
        (claude("hi", kind="system"), None),
        (claude("hi", role="system"), None),
        (claude("hi", role=["user"]), None),
        ('{"type":["user"],"message":{"role":"user","content":"x"}}', None),
        ('{"type":"user","message":"x"}', None),
        ('{"type":"user"', None),
        ("null", None),
        ("[1]", None),
        ("", None),
        ("NaN", None),
    ],
)
def test_a_claude_line_says_the_words_of_a_user_or_an_assistant(line: str, expected: Said | None):
    assert parse_claude_line(line) == expected
    assert parse_claude_line(line.encode()) == expected


def test_invalid_bytes_in_a_line_are_replaced():
    assert parse_claude_line(claude("X").encode().replace(b"X", b"a\xff")) == said("a\ufffd")[0]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (codex(words("hi"), timestamp="t"), Said("user", "hi", "t")),
        (
            codex(words("a", "output_text"), words("b", "output_text"), role="assistant"),
            Said("assistant", "a\nb", None),
        ),
        (codex(words("x"), role="developer"), None),
        (codex(words("x"), role="system"), None),
        (codex(words("x"), kind="function_call"), None),
        (codex(words("x", "image")), None),
        (codex(words("# AGENTS.md instructions for /w\n\nbe nice")), None),
        (codex(words(" \n# AGENTS.md instructions for /w")), None),
        (codex(words("# AGENTS.md is a file")), said("# AGENTS.md is a file")[0]),
        (codex(words("<environment_context>\n<cwd>/w</cwd>\n</environment_context>\n")), None),
        (
            codex(words("<environment_context></environment_context> and me")),
            said("<environment_context></environment_context> and me")[0],
        ),
        (
            codex(words("<environment_context>x</environment_context>"), words("prose")),
            said("prose")[0],
        ),
        (codex(), None),
        (codex(None, 5, {"type": "input_text", "text": 5}), None),
        ('{"type":"response_item","payload":null}', None),
        ('{"type":"event_msg","payload":{"type":"message","role":"user"}}', None),
        ("{", None),
    ],
)
def test_a_codex_line_says_what_codex_did_not_inject(line: str, expected: Said | None):
    assert parse_codex_line(line) == expected


@pytest.mark.parametrize(
    ("value", "limit", "size"),
    [
        (None, 20, 24_000),
        (float("nan"), 20, 24_000),
        (float("inf"), 20, 24_000),
        (float("-inf"), 20, 24_000),
        ("50", 20, 24_000),
        (True, 20, 24_000),
        (-5, 1, 256),
        (0, 1, 256),
        (300.9, 300, 300),
        (1e300, 1000, 1_000_000),
        (10**400, 1000, 1_000_000),
        (500, 500, 500),
    ],
)
def test_budgets_are_clamped_and_never_refused(value: object, limit: int, size: int):
    assert clamp_limit(value) == limit
    assert clamp_bytes(value) == size


def test_the_newest_messages_are_kept_oldest_first():
    result = fitted(said("a", "b", "c"), limit=2)
    assert [m.text for m in result.messages] == ["b", "c"]
    assert (result.count_truncated, result.bytes_truncated, result.total_messages) == (
        True,
        False,
        3,
    )


def test_exactly_the_limit_is_not_truncated():
    result = fitted(said("a", "b"), limit=2)
    assert (result.count_truncated, result.bytes_truncated) == (False, False)


def test_older_messages_that_the_reader_knows_of_count_as_left_out():
    result = fitted(said("a"), more_before=True, total=None)
    assert (result.count_truncated, result.total_messages) == (True, None)


def test_the_message_that_overflows_keeps_its_beginning_and_older_ones_go():
    result = fitted(said("old", "abcdefghij", "xy"), max_bytes=6)
    assert [m.text for m in result.messages] == ["abcd…[+6B truncated]", "xy"]
    assert (result.count_truncated, result.bytes_truncated) == (False, True)


def test_a_message_is_cut_between_characters():
    result = fitted(said("a🦊b"), max_bytes=4)
    assert result.messages[0].text == "a…[+5B truncated]"
    assert fitted(said("ab\ud83e"), max_bytes=4).messages[0].text == "ab…[+3B truncated]"


def test_without_any_budget_left_the_message_is_dropped_whole():
    result = fitted(said("old", "abc"), max_bytes=3)
    assert [m.text for m in result.messages] == ["abc"]
    assert result.bytes_truncated


def test_an_exact_fit_is_not_truncated():
    assert not fitted(said("abc", "def"), max_bytes=6).bytes_truncated


def test_both_flags_are_independent():
    result = fitted(said("a", "b" * 9, "c"), limit=2, max_bytes=5)
    assert (result.count_truncated, result.bytes_truncated) == (True, True)


def test_no_file_is_an_empty_exact_transcript():
    result = fitted([], modified_at=None)
    assert result == Transcript((), False, False, 0, None)


@pytest.mark.parametrize(
    ("text", "size", "expected"),
    [
        ("abc", 3, ("abc", False)),
        ("", 0, ("", False)),
        ("🦊" * 3, 3, ("🦊" * 3, False)),
    ],
)
def test_a_pane_that_fits_is_not_clipped(text: str, size: int, expected: tuple[str, bool]):
    assert clip_tail(text, size) == expected


def test_a_longer_pane_keeps_its_last_characters_behind_one_line():
    text, cut = clip_tail("old\nlines\n🦊new", 4)
    first, rest = text.split("\n", 1)
    assert (rest, cut) == ("🦊new", True)
    assert " 4 " in first
