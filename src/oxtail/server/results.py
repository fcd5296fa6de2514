"""Answers and errors as tool results; the only place that knows their shape.

A result is exactly one text item, which holds minified JSON with ``schema_version``.  A business
failure is an ordinary result with ``ok: false`` and a stable ``error``; only a malformed argument
and an unexpected failure are marked as tool errors.  See ``docs/reference/tools.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oxtail.core import codec
from oxtail.errors import BadArgument, OxtailError

if TYPE_CHECKING:
    from collections.abc import Mapping


def answer(members: Mapping[str, Any], *, is_error: bool = False) -> dict[str, Any]:
    """Return the tool result that shows *members*."""
    text = codec.encode_compact(members).decode()
    result: dict[str, Any] = {"content": [{"type": "text", "text": text}]}
    if is_error:
        result["isError"] = True
    return result


def failure(error: OxtailError) -> dict[str, Any]:
    """Return the tool result for *error*; it is a tool error only for a malformed argument."""
    members = {
        "schema_version": 1,
        "ok": False,
        "error": error.code,
        "message": error.message,
        **error.fields,
    }
    return answer(members, is_error=isinstance(error, BadArgument))


def internal_error(error: Exception) -> dict[str, Any]:
    """Return the tool result for an exception that nobody foresaw."""
    members = {
        "schema_version": 1,
        "ok": False,
        "error": "internal-error",
        "message": f"oxtail failed unexpectedly ({type(error).__name__}). "
        "A server started with MCP_TRACE_FILE keeps the details.",
    }
    return answer(members, is_error=True)
