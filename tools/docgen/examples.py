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
from oxtail.app.work_results import CloseResult, OpenItem, OpenWorkResult
from oxtail.core.entry import State
from oxtail.core.envelope import Envelope
from oxtail.core.evidence import Proof, Stage
from oxtail.core.names import completion_id, reassigned_id
from oxtail.core.work import Owed
from oxtail.core.work import State as Standing

_ME = "11111111-2222-4333-8444-555555555555"
_PEER = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
_OTHER = "cccccccc-dddd-4eee-8fff-000000000000"
_NOW = 1_767_225_600
_MAIL = "0123456789abcdef"
_REQUEST = "fedcba9876543210"

_QUESTION = Envelope(_MAIL, "Does the build pass?", _NOW, "peer", _PEER, request_id=_REQUEST)
_PROOFS = (
    Proof(Stage.STORED, _NOW, (("target_session_id", _PEER), ("target_server_pid", 4712))),
    Proof(Stage.OFFERED, _NOW + 1, (("door", "claude-inbox"), ("attempt", 1))),
    Proof(Stage.SHOWN, _NOW + 2, (("via", "hook"), ("recipient_session_id", _PEER))),
    Proof(
        Stage.IN_CONTEXT,
        _NOW + 3,
        (("transcript", f"/home/me/.claude/projects/-home-me-app/{_PEER}.jsonl"), ("line", 412)),
    ),
)
_WORK = Owed(
    _ME,
    Envelope(
        _MAIL,
        "Fix the parser.",
        _NOW,
        "peer",
        _PEER,
        request_id=_REQUEST,
        action_required=True,
        extra=(("deadline", _NOW + 7_200),),
    ),
    True,
    Standing.OPEN,
)
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
    "send_message": SendResult(
        _MAIL, _PEER, 4712, _FIRED, obligation_durable=True, deadline=_NOW + 7_200
    ).as_dict(),
    "reply_to_message": SendResult(
        "00112233445566aa", _PEER, 4712, _FIRED, in_reply_to=_MAIL, correlation="correlated"
    ).as_dict(),
    "read_my_messages": ReadResult((_QUESTION,), deferred=2).as_dict(),
    "ask_peer": AskResult(
        _MAIL, _REQUEST, _ANSWER, "correlated", "fired_unconfirmed", 60_000
    ).as_dict(),
    "my_open_work": OpenWorkResult((OpenItem(_WORK, _NOW + 600),)).as_dict(),
    "complete_work": CloseResult(
        _MAIL,
        Standing.DONE,
        completion_id=completion_id(_MAIL),
        requester=_PEER,
        correlation="correlated",
        wake=WakeReport("fired_unconfirmed", "late_reply_to_pending"),
    ).as_dict(),
    "block_work": CloseResult(
        _MAIL,
        Standing.REASSIGNED,
        requester=_PEER,
        wake=_FIRED,
        reassigned_to=_OTHER,
        reassigned_message_id=reassigned_id(_MAIL),
    ).as_dict(),
    "message_status": StatusResult(
        _MAIL, "in_context", _PROOFS, work=_WORK._replace(session_id=_PEER)
    ).as_dict(),
}
