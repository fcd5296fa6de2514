"""The Responses dialect, as far as Codex uses it."""

from __future__ import annotations

import itertools
import json
from typing import Any, Final

from e2e.clients.model import Answer, Say

NAMESPACE: Final = "mcp__oxtail"
EVENT_STREAM: Final = "text/event-stream"

_numbers = itertools.count(1)


def is_turn(path: str, body: dict[str, Any]) -> bool:
    return path.endswith("/responses") and bool(body.get("tools"))


def aside(path: str) -> dict[str, Any] | None:
    return None if path.endswith("/responses") else {}


def _item(answer: Answer) -> dict[str, Any]:
    number = next(_numbers)
    if isinstance(answer, Say):
        return {
            "type": "message",
            "id": f"msg_{number}",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": answer.text, "annotations": []}],
        }
    # Codex files the tools of a server under a namespace, and refuses a flat name.
    return {
        "type": "function_call",
        "id": f"fc_{number}",
        "call_id": answer.call_id,
        "namespace": NAMESPACE,
        "name": answer.tool,
        "arguments": json.dumps(answer.arguments),
        "status": "completed",
    }


def encode(answer: Answer, body: dict[str, Any]) -> tuple[str, bytes]:
    item = _item(answer)
    response: dict[str, Any] = {"id": f"resp_{next(_numbers)}", "status": "in_progress"}
    usage = {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 15,
    }
    done = {**response, "status": "completed", "output": [item], "usage": usage}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": response},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": done},
    ]
    return EVENT_STREAM, b"".join(
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events
    )


def _words(content: object) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else json.dumps(content)


def results(body: dict[str, Any]) -> dict[str, str]:
    return {
        item["call_id"]: _words(item.get("output"))
        for item in body["input"]
        if item.get("type") == "function_call_output"
    }


def text(body: dict[str, Any]) -> str:
    return "\n".join(
        _words(item.get("content") or item.get("output") or "") for item in body["input"]
    )
