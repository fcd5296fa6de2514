"""JSON-RPC as the Model Context Protocol uses it: lines to requests, answers to lines.

Belongs here: what a well-formed message is, and error codes.  Never here: pipes, threads, tools.
A batch is refused: no client of this server sends one, and the newest revisions forbid it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from oxtail.core import codec
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeGuard

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603

VERSIONS: Final = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
"""The protocol revisions that are spoken, oldest first."""

RequestId = str | int


class Request(Value):
    """A request, which gets exactly one answer unless it is cancelled."""

    id: RequestId
    method: str
    params: Mapping[str, Any]


class Notification(Value):
    """A notification, which never gets an answer."""

    method: str
    params: Mapping[str, Any]


class Fault(Value):
    """What is wrong with a message; the id is None where it could not be learned."""

    id: RequestId | None
    code: int
    message: str


TOO_LONG: Final = Fault(None, INVALID_REQUEST, "the message is too long")


def is_request_id(value: object) -> TypeGuard[RequestId]:
    """Tell whether *value* can name a request: a string or an integer, never null or a boolean."""
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def parse(line: bytes) -> Request | Notification | Fault | None:
    """Return what *line* says, or None where nothing is to be done.

    Nothing is to be done for an empty line, for an answer (this server asks nothing) and for a
    malformed notification.
    """
    if not line.strip():
        return None
    try:
        message = codec.decode(line.decode("utf-8"))
    except ValueError:
        return Fault(None, PARSE_ERROR, "not JSON in UTF-8")
    if not isinstance(message, dict):
        return Fault(None, INVALID_REQUEST, "not a single JSON-RPC message")
    method, params = message.get("method"), message.get("params")
    if "id" not in message and isinstance(method, str):
        if message.get("jsonrpc") != "2.0" or not (params is None or isinstance(params, dict)):
            return None
        return Notification(method, params or {})
    if "method" not in message and ("result" in message or "error" in message):
        return None
    return _request(message.get("id"), message.get("jsonrpc"), method, params)


def _request(
    identifier: object, version: object, method: object, params: object
) -> Request | Fault:
    if not is_request_id(identifier):
        return Fault(None, INVALID_REQUEST, "id must be a string or an integer")
    if version != "2.0":
        return Fault(identifier, INVALID_REQUEST, 'jsonrpc must be "2.0"')
    if not isinstance(method, str):
        return Fault(identifier, INVALID_REQUEST, "method must be a string")
    if params is not None and not isinstance(params, dict):
        return Fault(identifier, INVALID_PARAMS, "params must be an object")
    return Request(identifier, method, params or {})


def encode_result(identifier: RequestId, result: Mapping[str, Any]) -> bytes:
    """Return the line that answers a request with *result*."""
    return codec.encode_line({"jsonrpc": "2.0", "id": identifier, "result": result})


def encode_fault(fault: Fault) -> bytes:
    """Return the line that answers a request with an error."""
    error = {"code": fault.code, "message": fault.message}
    return codec.encode_line({"jsonrpc": "2.0", "id": fault.id, "error": error})


def encode_notification(method: str, params: Mapping[str, Any]) -> bytes:
    """Return the line of a notification."""
    return codec.encode_line({"jsonrpc": "2.0", "method": method, "params": params})


def agreed_version(offer: object) -> str:
    """Return the revision to speak with a client that offers *offer*.

    A revision that is not known is answered with the newest one that is, and the client decides.
    """
    return offer if isinstance(offer, str) and offer in VERSIONS else VERSIONS[-1]
