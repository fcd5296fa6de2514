"""Which tool call counts, in lines from the newest to the oldest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oxtail.core.activity import Family, Tool, ToolScan, family_of


def line(**members: Any) -> bytes:
    return json.dumps(members).encode()


def claude_call(call: str, name: str, message: str = "m1", **more: Any) -> bytes:
    use = {"type": "tool_use", "id": call, "name": name, "input": {}, **more}
    return line(type="assistant", message={"id": message, "content": [use]})


def claude_result(*calls: str) -> bytes:
    results = [{"type": "tool_result", "tool_use_id": call, "content": "x"} for call in calls]
    return line(type="user", message={"role": "user", "content": results})


def said(text: str, message: str = "m9") -> bytes:
    content = [{"type": "text", "text": text}]
    return line(type="assistant", message={"id": message, "content": content})


def codex(kind: str, **members: Any) -> bytes:
    return line(type="response_item", payload={"type": kind, **members})


def scanned(kind: str, *lines: bytes) -> Tool | None:
    """Return what is found in *lines*, which are in the order of the file."""
    scan = ToolScan(kind)
    for each in reversed(lines):
        if not scan.take(each):
            break
    return scan.found


def test_a_call_without_a_result_runs():
    assert scanned("claude-code", said("hi"), claude_call("a", "Bash")) == Tool(
        "Bash", Family.BASH, True
    )


def test_a_call_with_its_result_is_over():
    lines = (claude_call("a", "Read"), claude_result("a"), said("done"))
    assert scanned("claude-code", *lines) == Tool("Read", Family.READ, False)


def test_an_earlier_call_of_the_same_batch_that_runs_counts_before_a_later_one_that_is_over():
    lines = (claude_call("a", "Bash"), claude_call("b", "Read"), claude_result("b"))
    assert scanned("claude-code", *lines) == Tool("Bash", Family.BASH, True)


def test_a_call_of_an_earlier_answer_does_not_count():
    lines = (claude_call("a", "Bash", "m1"), claude_call("b", "Read", "m2"), claude_result("b"))
    assert scanned("claude-code", *lines) == Tool("Read", Family.READ, False)


def test_the_last_call_in_a_line_counts():
    content = [{"type": "tool_use", "id": i, "name": n} for i, n in (("a", "Read"), ("b", "Grep"))]
    one = line(type="assistant", message={"id": "m1", "content": content})
    assert scanned("claude-code", one) == Tool("Grep", Family.SEARCH, True)
    assert scanned("claude-code", one, claude_result("b")) == Tool("Read", Family.READ, True)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (codex("function_call", call_id="a", name="shell"), "shell"),
        (codex("function_call", call_id="a", name="ask", namespace="mcp"), "mcp.ask"),
        (codex("custom_tool_call", call_id="a", name="apply_patch"), "apply_patch"),
        (codex("local_shell_call", call_id="a", status="in_progress"), "local_shell"),
        (codex("web_search_call", status="in_progress"), "web_search"),
    ],
)
def test_every_kind_of_codex_call_is_seen(call, name):
    tool = scanned("codex", call)
    assert tool is not None
    assert (tool.name, tool.running) == (name, True)


def test_codex_calls_end_with_their_outputs():
    calls = [codex("function_call", call_id=each, name="shell") for each in "ab"]
    over = [codex("function_call_output", call_id=each, output="x") for each in "ab"]
    noise = line(type="event_msg", payload={"type": "token_count"})

    assert scanned("codex", *calls, noise, *over) == Tool("shell", Family.BASH, False)
    assert scanned("codex", *calls, noise, over[1]) == Tool("shell", Family.BASH, True)
    custom = codex("custom_tool_call", call_id="c", name="apply_patch")
    ended = codex("custom_tool_call_output", call_id="c", output="x")
    assert scanned("codex", custom, ended) == Tool("apply_patch", Family.EDIT, False)


def test_a_codex_call_that_was_given_up_in_an_earlier_turn_does_not_count():
    lines = (
        codex("function_call", call_id="a", name="shell"),
        codex("message", role="user", content=[]),
        codex("function_call", call_id="b", name="view"),
        codex("function_call_output", call_id="b", output="x"),
    )
    assert scanned("codex", *lines) == Tool("view", Family.READ, False)


def test_a_search_of_the_provider_is_over_when_it_says_so():
    tool = scanned("codex", codex("web_search_call", status="completed"))
    assert tool == Tool("web_search", Family.WEB, False)


@pytest.mark.parametrize("kind", ["claude-code", "codex"])
@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"\xff\x00",
        b'{"tool_use"',
        b'["tool_use_call"]',
        line(type="assistant", message={"content": "tool_use"}),
        line(type="assistant", message={"content": [{"type": "tool_use"}, 7, None, ["x"]]}),
        line(type="assistant", message={"content": [{"type": ["tool_use"], "name": {}}]}),
        line(type="response_item", payload={"type": ["x_call"]}),
        line(type="response_item", payload=[]),
    ],
)
def test_a_line_that_is_no_call_is_passed_over(kind, hostile):
    call = (
        claude_call("a", "Bash")
        if kind == "claude-code"
        else codex("function_call", call_id="a", name="shell")
    )
    tool = scanned(kind, call, hostile)
    assert tool is not None
    assert tool.running


def test_a_name_is_safe_to_show_and_bounded():
    tool = scanned("claude-code", claude_call("a", "x\x1b[2J\u202e" + "y" * 500))
    assert tool is not None
    assert tool.name.isprintable()
    assert len(tool.name) <= 120
    assert len(tool.label) <= 12


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("mcp__oxtail__send_message", Family.OXTAIL),
        ("ask_peer", Family.OXTAIL),
        ("update_plan", Family.PLAN),
        ("TodoWrite", Family.PLAN),
        ("make-plan", Family.PLAN),
        ("planet", Family.TOOL),
        ("Task", Family.TASK),
        ("WebFetch", Family.WEB),
        ("Grep", Family.SEARCH),
        ("exec_command", Family.BASH),
        ("MultiEdit", Family.EDIT),
        ("Read", Family.READ),
        ("wiggle", Family.TOOL),
    ],
)
def test_a_tool_has_a_family(name, family):
    assert family_of(name) is family


def test_a_tool_without_a_family_is_called_by_the_end_of_its_name():
    assert Tool("mcp__thing.do_wiggling_longest_word", Family.TOOL, True).label == "word"
    assert Tool("x_", Family.TOOL, True).label == "tool"
