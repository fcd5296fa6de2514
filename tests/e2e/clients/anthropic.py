"""The Messages dialect, as far as Claude Code uses it."""

from __future__ import annotations

import itertools
import json
from typing import Any, Final

from e2e.clients.model import Answer, Say

TOOL_PREFIX: Final = "mcp__oxtail__"
EVENT_STREAM: Final = "text/event-stream"

_numbers = itertools.count(1)


def is_turn(path: str, body: dict[str, Any]) -> bool:
    return path == "/v1/messages" and bool(body.get("tools"))


def aside(path: str) -> dict[str, Any] | None:
    return {"input_tokens": 1_000} if path.endswith("/count_tokens") else None


def encode(answer: Answer, body: dict[str, Any]) -> tuple[str, bytes]:
    if isinstance(answer, Say):
        block: dict[str, Any] = {"type": "text", "text": answer.text}
        start, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": answer.text}
        reason = "end_turn"
    else:
        block = {
            "type": "tool_use",
            "id": answer.call_id,
            "name": TOOL_PREFIX + answer.tool,
            "input": answer.arguments,
        }
        start = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(answer.arguments)}
        reason = "tool_use"
    message: dict[str, Any] = {
        "id": f"msg_{next(_numbers)}",
        "type": "message",
        "role": "assistant",
        "model": body.get("model", "scripted"),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 1},
    }
    if not body.get("stream"):
        whole = {**message, "content": [block], "stop_reason": reason}
        return "application/json", json.dumps(whole).encode()
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": start},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": None},
            "usage": {"output_tokens": 5},
        },
        {"type": "message_stop"},
    ]
    return EVENT_STREAM, b"".join(
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events
    )


def _blocks(content: object) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content or [] if isinstance(block, dict)]  # type: ignore[attr-defined]


def _words(block: dict[str, Any]) -> str:
    if block.get("type") == "tool_result":
        return "\n".join(_words(part) for part in _blocks(block.get("content")))
    return str(block.get("text", ""))


def results(body: dict[str, Any]) -> dict[str, str]:
    return {
        block["tool_use_id"]: _words(block)
        for message in body["messages"]
        for block in _blocks(message.get("content"))
        if block.get("type") == "tool_result"
    }


def text(body: dict[str, Any]) -> str:
    return "\n".join(
        _words(block) for message in body["messages"] for block in _blocks(message.get("content"))
    )
