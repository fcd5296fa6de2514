"""One example answer per tool, made by the code that makes the real ones."""

from __future__ import annotations

from typing import Any

from oxtail.app.results import (
    AskResult,
    PeerRow,
    PeersResult,
    ReadResult,
    SendResult,
    SessionText,
    StatusResult,
    WakeReport,
)
from oxtail.core.entry import State
from oxtail.core.envelope import Envelope

_ME = "11111111-2222-4333-8444-555555555555"
_PEER = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
_NOW = 1_767_225_600
_MAIL = "0123456789abcdef"
_REQUEST = "fedcba9876543210"

_QUESTION = Envelope(_MAIL, "Does the build pass?", _NOW, "peer", _PEER, request_id=_REQUEST)
_ANSWER = Envelope("00112233445566aa", "Yes.", _NOW + 5, "peer", _PEER, reply_to=_REQUEST)
_FIRED = WakeReport(status="fired_unconfirmed")
_CLIENT = {
    "type": "claude-code",
    "session_id": _ME,
    "transcript_path": None,
    "session_id_source": "env",
    "cwd": "/home/ann/project",
}

_TRANSCRIPT = SessionText(
    session="reviewer",
    mode="transcript",
    client_type="codex",
    messages=({"role": "assistant", "text": "All tests pass.", "truncated": False},),
    pane_text=None,
    truncated=False,
    count_truncated=False,
    bytes_truncated=False,
    total_messages=1,
    total_messages_exact=True,
    project_root="/home/ann/project",
    inferred=True,
    error=None,
)

EXAMPLES: dict[str, dict[str, Any]] = {
    "list_project_sessions": PeersResult(
        "/home/ann/project",
        True,
        (
            PeerRow(
                name="work",
                path="/home/ann/project",
                attached=True,
                created_at=_NOW,
                windows=1,
                client_type="codex",
                client_session_id=_PEER,
                state=State("reviews the parser", _NOW),
                peer_name="reviewer",
                presence="unknown",
            ),
        ),
    ).as_dict(),
    "read_session": _TRANSCRIPT.as_dict(),
    "register_my_session": {
        "schema_version": 1,
        "ok": True,
        "entry": {
            "server_pid": 4711,
            "started_at": _NOW,
            "tmux_session": "work",
            "client": _CLIENT,
            "name": "builder",
        },
    },
    "claim_session": {
        "schema_version": 1,
        "ok": True,
        "session_id": _ME,
        "transcript_path": None,
        "name": "builder",
    },
    "set_my_state": {
        "schema_version": 1,
        "ok": True,
        "state": State("builds the parser", _NOW)._asdict(),
    },
    "send_message": SendResult(_MAIL, _PEER, 4712, _FIRED).as_dict(),
    "reply_to_message": SendResult(
        "00112233445566aa", _PEER, 4712, _FIRED, in_reply_to=_MAIL, correlation="correlated"
    ).as_dict(),
    "read_my_messages": ReadResult((_QUESTION,), deferred=2).as_dict(),
    "ask_peer": AskResult(
        _MAIL, _REQUEST, _ANSWER, "correlated", "fired_unconfirmed", 60_000
    ).as_dict(),
    "message_status": StatusResult(
        _MAIL, "delivered", {"delivered_at": _NOW + 2, "via": "hook"}
    ).as_dict(),
}
