"""One registry entry: what a session's server publishes about itself.

Belongs here: the members, their order and their checks.  Never here: files and processes.
Other implementations read these entries with ``grep``, so the order and the indented form are part
of the protocol (``docs/formats/registry-entry.md``).
"""

from __future__ import annotations

from typing import Any, Final

from oxtail.core.names import is_project_key, session_box
from oxtail.core.value import Value
from oxtail.errors import DamagedRecord

CLIENT_TYPES: Final = ("claude-code", "codex", "unknown")
PURPOSE_MAX_CHARS: Final = 200
NAME_MAX_CHARS: Final = 64
SECONDS_MAX: Final = 2**53
"""Largest number that every peer reads exactly; no time is anywhere near."""


class Client(Value):
    """Who sits behind a server.

    Attributes:
        type: ``claude-code``, ``codex`` or ``unknown``.
        session_id: The session, or None until it has said who it is.
        transcript_path: Its transcript file, if known; may not exist.
        session_id_source: How the id was learned: ``env``, ``hook-drop``, ``birth-time``,
            ``self-register``, ``sticky-claim`` or ``call-meta``.
        cwd: The server's working directory.
    """

    type: str
    session_id: str | None
    transcript_path: str | None
    session_id_source: str | None
    cwd: str


class State(Value):
    """The card that a session shows to its peers: a purpose and when it was set (unix seconds)."""

    purpose: str | None
    updated_at: int


class Capabilities(Value):
    """What a server understands; an absent member of an old entry counts as False."""

    reply_to: bool = False
    provenance: bool = False
    push_budget: bool = False
    session_keyed: bool = False
    obligations: bool = False


OURS: Final = Capabilities(
    reply_to=True, provenance=True, push_budget=True, session_keyed=True, obligations=True
)
"""What this implementation understands."""


class Entry(Value):
    """One session's server, as others see it.

    Attributes:
        server_pid: Its process; also the entry's file name.
        started_at: When it started, in unix seconds.
        client: Who sits behind it.
        proc_sig: ``ps -o lstart=`` of the process, or empty; None in entries of old peers.
        tmux_pane: Its pane (``%3``), if it runs in tmux.
        tmux_session: The tmux session of that pane.
        state: Its card.
        capabilities: What it understands.
        name: A name chosen by its user, usable as a target.
        start_token: Start of the process in a form that no time zone changes; see
            :mod:`oxtail.identity.process`.
        doors: Ways in which its own server can bring it mail, best first.
        project: What its user calls the project between hosts, as a key, or None.
    """

    server_pid: int
    started_at: int
    client: Client
    proc_sig: str | None = None
    tmux_pane: str | None = None
    tmux_session: str | None = None
    state: State | None = None
    capabilities: Capabilities = Capabilities()
    name: str | None = None
    start_token: str | None = None
    doors: tuple[str, ...] = ()
    project: str | None = None

    @property
    def session_id(self) -> str | None:
        """The session behind this entry, or None."""
        return self.client.session_id

    @property
    def box(self) -> str:
        """The box into which mail for this entry goes."""
        if self.capabilities.session_keyed and self.session_id:
            return session_box(self.session_id)
        return str(self.server_pid)

    def as_dict(self) -> dict[str, Any]:
        """Return the members in protocol order, ours after those of the protocol."""
        members: dict[str, Any] = {"server_pid": self.server_pid, "started_at": self.started_at}
        if self.proc_sig is not None:
            members["proc_sig"] = self.proc_sig
        members["client"] = self.client._asdict()
        members["tmux_pane"] = self.tmux_pane
        members["tmux_session"] = self.tmux_session
        members["state"] = self.state._asdict() if self.state else None
        members["capabilities"] = {"mailbox": self.capabilities._asdict()}
        members["mailbox_key"] = session_box(self.session_id) if self.session_id else None
        if self.name:
            members["name"] = self.name
        if self.start_token:
            members["start_token"] = self.start_token
        if self.doors:
            members["doors"] = list(self.doors)
        if self.project:
            members["project"] = self.project
        return members


def project_key(value: object) -> str | None:
    """Return *value* if it is the key of a project, else None."""
    return value if isinstance(value, str) and is_project_key(value) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _client(value: object) -> Client:
    if not isinstance(value, dict):
        raise DamagedRecord("client is not an object")
    session_id, cwd = value.get("session_id"), value.get("cwd")
    if session_id is not None and not isinstance(session_id, str):
        raise DamagedRecord("client.session_id is not a string")
    if not isinstance(cwd, str):
        raise DamagedRecord("client.cwd is not a string")
    kind = value.get("type")
    return Client(
        type=kind if kind in CLIENT_TYPES else "unknown",
        session_id=session_id or None,
        transcript_path=_text(value.get("transcript_path")),
        session_id_source=_text(value.get("session_id_source")),
        cwd=cwd,
    )


def _seconds(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise DamagedRecord(f"{name} is not a number")
    if not abs(value) <= SECONDS_MAX:  # says no to infinity too
        raise DamagedRecord(f"{name} is no time")
    return int(value)


def _state(value: object) -> State | None:
    if not isinstance(value, dict):
        return None
    try:
        updated_at = _seconds(value.get("updated_at"), "state.updated_at")
    except DamagedRecord:
        return None
    purpose = _text(value.get("purpose"))
    return State(purpose[:PURPOSE_MAX_CHARS] if purpose else None, updated_at)


def _capabilities(value: object) -> Capabilities:
    mailbox = value.get("mailbox") if isinstance(value, dict) else None
    if not isinstance(mailbox, dict):
        return Capabilities()
    return Capabilities(*(mailbox.get(name) is True for name in Capabilities._fields))


def from_dict(members: object, file_pid: int) -> Entry:
    """Return the entry that *members*, read from the file of process *file_pid*, describes.

    Members that only enrich (state, name, doors, tmux) count as absent when they are malformed.

    Raises:
        DamagedRecord: a member that decides is missing, malformed, or names another process.
    """
    if not isinstance(members, dict):
        raise DamagedRecord("entry is not an object")
    pid = members.get("server_pid")
    if isinstance(pid, bool) or not isinstance(pid, int):
        raise DamagedRecord("server_pid is not a number")
    if pid != file_pid:
        raise DamagedRecord("server_pid differs from the file's name", forged=True)
    name, doors = _text(members.get("name")), members.get("doors")
    proc_sig = members.get("proc_sig")
    return Entry(
        server_pid=pid,
        started_at=_seconds(members.get("started_at"), "started_at"),
        client=_client(members.get("client")),
        proc_sig=proc_sig if isinstance(proc_sig, str) else None,
        tmux_pane=_text(members.get("tmux_pane")),
        tmux_session=_text(members.get("tmux_session")),
        state=_state(members.get("state")),
        capabilities=_capabilities(members.get("capabilities")),
        name=name[:NAME_MAX_CHARS] if name else None,
        start_token=_text(members.get("start_token")),
        doors=tuple(d for d in doors if isinstance(d, str))[:8] if isinstance(doors, list) else (),
        project=project_key(members.get("project")),
    )


class Known(Value):
    """A session that may come back: who it is, and where it worked.

    Attributes:
        session_id: The session.
        name: Its chosen name, or None.
        client_type: As in :class:`Client`.
        cwd: Where it worked.
        last_seen: Unix seconds.
        project: As in :class:`Entry`.
    """

    session_id: str
    name: str | None
    client_type: str
    cwd: str
    last_seen: int
    project: str | None = None
