"""Run by an interpreter that has the official SDK: check messages against its types.

Reads lines ``[kind, message]`` from standard input, and writes one line per message: ``ok`` or what
is wrong with it.  A message passes if the SDK's types take it, know every member of it, and write
it again as it was.
"""

from __future__ import annotations

import json
import sys

from mcp import types
from pydantic import BaseModel, TypeAdapter

RESULTS = {
    "initialize": types.InitializeResult,
    "tools/list": types.ListToolsResult,
    "tools/call": types.CallToolResult,
    "ping": types.EmptyResult,
}


def unknown_members(value: object, path: str = "") -> list[str]:
    if isinstance(value, list):
        return [name for item in value for name in unknown_members(item, path)]
    if not isinstance(value, BaseModel):
        return []
    found = [f"{path}.{name}" for name in value.model_extra or {}]
    for name in type(value).model_fields:
        found += unknown_members(getattr(value, name), f"{path}.{name}")
    return found


def problem(kind: str, message: dict) -> str:
    if "error" in message:
        model, content = types.JSONRPCError, message
    elif "method" in message:
        model, content = types.ServerNotification, {k: message[k] for k in ("method", "params")}
    else:
        TypeAdapter(types.JSONRPCMessage).validate_python(message)
        model, content = RESULTS[kind], message["result"]
    parsed = TypeAdapter(model).validate_python(content)
    parsed = getattr(parsed, "root", parsed)
    if unknown := unknown_members(parsed):
        return f"unknown members {unknown}"
    again = parsed.model_dump(mode="json", by_alias=True, exclude_unset=True)
    again.setdefault("jsonrpc", content.get("jsonrpc"))
    content.setdefault("jsonrpc", None)
    return "ok" if again == content else f"{again} is not {content}"


for line in sys.stdin:
    kind, message = json.loads(line)
    try:
        answer = problem(kind, message)
    except Exception as error:  # noqa: BLE001 - whatever is wrong is the answer
        answer = f"{type(error).__name__}: {error}"
    sys.stdout.write(answer.replace("\n", " ") + "\n")
