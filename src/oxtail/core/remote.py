"""Sessions on other hosts, as their host describes them.

Belongs here: the members of such a description, their limits and checks.  Never here: how it came.
A description comes from another machine: each text is bounded, and what has no place is left out.
``docs/formats/remote-host.md`` has the form on disk, which is that between hosts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from oxtail.core.digest import sha256_hex
from oxtail.core.entry import CLIENT_TYPES, NAME_MAX_CHARS, PURPOSE_MAX_CHARS
from oxtail.core.lineage import FORMER_MAX
from oxtail.core.names import check_host_id, is_host_id, is_session_id
from oxtail.core.value import Value
from oxtail.errors import DamagedRecord

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    from oxtail.core.entry import Entry, Known
    from oxtail.core.envelope import Envelope

    Peer: TypeAlias = "Entry | Known | Neighbor"

KEY: Final = re.compile(r"[0-9a-f]{64}")
ABILITY: Final = re.compile(r"[a-z_]{1,32}")
PROJECT_KEY: Final = re.compile(r"[0-9a-f]{32}")

HOST_NAME_MAX_CHARS: Final = 64
CWD_MAX_CHARS: Final = 1_024

SESSIONS_PER_PART: Final = 100
"""Sessions in one message of a host about itself; about 60 kB at most."""

PARTS_MAX: Final = 32
"""Messages in which a host describes itself; what it has beyond 3,200 sessions is not shown."""

ABILITIES_MAX: Final = 32

FORMER_SAID: Final = FORMER_MAX
"""Former ids of a session that its host names at most: as many as the host itself looks through."""

FORMER_BYTES: Final = 2_560
"""Bytes of them that are said: as many as ids of the usual length need, of longer ones fewer."""

HANDS_ON: Final = "hands_on"
"""Ability of a host that passes work of its sessions on when it is told so by who owes it."""

BEATS: Final = "beats"
"""Ability of a host that needs no description of another one again while nothing changes there."""

ABILITIES: Final = (BEATS, HANDS_ON)
"""What this version can, beyond the first one, and other hosts need to know."""

ACTIVITIES: Final = ("busy", "idle", "unknown")
_SECONDS_MAX: Final = 2**53
_FINGERPRINT_DIGITS: Final = 32
_GROUP: Final = 4


TO: Final = "to"
"""Extension member of mail in a relay box: ``{session_id, host, project}`` of its receiver."""

FROM_HOST: Final = "from_host"
"""Extension member of mail that came from another host: that host, as the server vouches."""


class Mail(Value):
    """A message for a session on another host.

    Attributes:
        to: The session.
        project: The key of the project in which the sender found it, or None.
        envelope: The message.
    """

    to: str
    project: str | None
    envelope: Envelope


class Report(Value):
    """What became of a message that another host had sent.

    Attributes:
        message_id: The message.
        stage: A stage of :mod:`oxtail.core.evidence`.
        at: When, in unix seconds of the reporting host.
        via: How it was shown, or None.
        session_id: To whom, or None.
        reason: Why it was refused, or None.
    """

    message_id: str
    stage: str
    at: int
    via: str | None = None
    session_id: str | None = None
    reason: str | None = None


class RemoteSession(Value):
    """A session on another host.

    Attributes:
        session_id: Who it is.
        name: Its chosen name, or None.
        client_type: As in :class:`oxtail.core.entry.Client`.
        cwd: Its working folder on its own host; shown, never opened here.
        project: The key of its project (:mod:`oxtail.core.repository`), or None.
        is_live: Whether a server of it runs; if not, mail is kept for its return.
        started_at: When its server started, in unix seconds of its host.
        activity: ``busy``, ``idle`` or ``unknown``.
        purpose: Its card, or None.
        purpose_at: When the card was set, in unix seconds of its host.
        former: Ids that it had before, the youngest first; at most :data:`FORMER_SAID`.
        seen_at: When its host last spoke of it, in unix seconds of this host; only kept here.
    """

    session_id: str
    name: str | None = None
    client_type: str = "unknown"
    cwd: str = ""
    project: str | None = None
    is_live: bool = True
    started_at: int = 0
    activity: str = "unknown"
    purpose: str | None = None
    purpose_at: int = 0
    former: tuple[str, ...] = ()
    seen_at: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the members that say something, in a fixed order."""
        members = self._asdict()
        members["live"] = members.pop("is_live")
        members["former"] = list(self.former)
        return {name: value for name, value in members.items() if value not in (None, "", 0, [])}

    def went_by(self, session_id: str) -> bool:
        """Tell whether *session_id* is its id, or was one."""
        return session_id == self.session_id or session_id in self.former


class RemoteHost(Value):
    """What one host says of itself, in one of several parts.

    Attributes:
        host_id: Sixteen hex digits.
        name: What people call it.
        instance: Random hex of the state folder behind it: two folders with one id are a mistake.
        at: When it said so, in unix seconds of its own clock.
        part: The number of this part, from 0.
        parts: How many parts there are.
        key: Its public key for sealed bodies, 64 hex digits, or None.
        sessions: Its sessions of this part.
        can: What it can beyond the first version; words that are unknown here are kept.
    """

    host_id: str
    name: str
    instance: str
    at: int
    part: int = 0
    parts: int = 1
    key: str | None = None
    sessions: tuple[RemoteSession, ...] = ()
    can: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the members in a fixed order."""
        members: dict[str, Any] = {"v": 1, **self._asdict()}
        if self.key is None:
            del members["key"]
        del members["can"]
        if self.can:
            members["can"] = list(self.can)
        members["sessions"] = [session.as_dict() for session in self.sessions]
        return members

    def ids(self) -> frozenset[str]:
        """Return all ids of its sessions, the former ones too."""
        return frozenset(each for s in self.sessions for each in (s.session_id, *s.former))


class Neighbor(Value):
    """A session on another host, as it is known here.

    Attributes:
        host_id: Its host.
        host_name: What people call that.
        session: What its host last said of it.
        is_live: Whether it runs: its host says so, and has spoken of late.
        key: The public key of its host, or None.
        can: What its host can beyond the first version.
    """

    host_id: str
    host_name: str
    session: RemoteSession
    is_live: bool
    key: str | None = None
    can: tuple[str, ...] = ()

    @property
    def session_id(self) -> str:
        """Who it is."""
        return self.session.session_id

    @property
    def name(self) -> str | None:
        """Its chosen name, or None."""
        return self.session.name


def fingerprint(key: str) -> str:
    """Return what two people compare to know that they mean the same *key*, 64 hex digits."""
    digits = sha256_hex(bytes.fromhex(key))[:_FINGERPRINT_DIGITS]
    return " ".join(digits[at : at + _GROUP] for at in range(0, len(digits), _GROUP))


def _text(value: object, limit: int) -> str | None:
    """Return *value* if it is one printable line, cut to *limit* characters."""
    if not isinstance(value, str):
        return None
    line = " ".join("".join(c if c.isprintable() else " " for c in value[: limit * 4]).split())
    return line[:limit] or None


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0
    return int(value) if 0 <= value < _SECONDS_MAX else 0


def _matching(shape: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and shape.fullmatch(value) else None


def _session(members: object) -> RemoteSession | None:
    if not isinstance(members, dict):
        return None
    session_id = members.get("session_id")
    if not isinstance(session_id, str) or not is_session_id(session_id):
        return None
    kind, activity = members.get("client_type"), members.get("activity")
    return RemoteSession(
        session_id=session_id,
        name=_text(members.get("name"), NAME_MAX_CHARS),
        client_type=kind if kind in CLIENT_TYPES else "unknown",
        cwd=_text(members.get("cwd"), CWD_MAX_CHARS) or "",
        project=_matching(PROJECT_KEY, members.get("project")),
        is_live=members.get("live") is True,
        started_at=_number(members.get("started_at")),
        activity=activity if activity in ACTIVITIES else "unknown",
        purpose=_text(members.get("purpose"), PURPOSE_MAX_CHARS),
        purpose_at=_number(members.get("purpose_at")),
        former=_former(members.get("former"), session_id),
        seen_at=_number(members.get("seen_at")),
    )


def _former(ids: object, session_id: str) -> tuple[str, ...]:
    listed = ids[:FORMER_SAID] if isinstance(ids, list) else ()
    found = dict.fromkeys(each for each in listed if isinstance(each, str) and is_session_id(each))
    found.pop(session_id, None)
    return tuple(found)


def _abilities(words: object) -> tuple[str, ...]:
    if not isinstance(words, list):
        return ()
    found = (_matching(ABILITY, word) for word in words[:ABILITIES_MAX])
    return tuple(word for word in found if word)


def from_dict(members: object, limit: int = SESSIONS_PER_PART) -> RemoteHost:
    """Return the description that *members* holds; sessions that are none are left out.

    So are those beyond *limit*.

    Raises:
        DamagedRecord: it is no description of a host.
    """
    if not isinstance(members, dict):
        raise DamagedRecord("a host's description is not an object")
    version = members.get("v")
    if version != 1 or isinstance(version, bool):
        raise DamagedRecord("a host's description is of another version")
    host_id, instance = members.get("host_id"), members.get("instance")
    sessions = members.get("sessions")
    part, parts = _number(members.get("part")), _number(members.get("parts"))
    if not is_host_id(host_id) or not is_host_id(instance):
        raise DamagedRecord("a host's description lacks its ids")
    if not isinstance(sessions, list) or not 0 <= part < parts <= PARTS_MAX:
        raise DamagedRecord("a host's description lacks its parts")
    found: dict[str, RemoteSession] = {}
    for item in sessions[:limit]:
        if session := _session(item):
            found.setdefault(session.session_id, session)
    return RemoteHost(
        host_id=str(host_id),
        name=_text(members.get("name"), HOST_NAME_MAX_CHARS) or str(host_id),
        instance=str(instance),
        at=_number(members.get("at")),
        part=part,
        parts=parts,
        key=_matching(KEY, members.get("key")),
        sessions=tuple(found.values()),
        can=_abilities(members.get("can")),
    )


def merged(parts: Iterable[RemoteHost]) -> RemoteHost:
    """Return the one description that *parts* of the same host make; part 0 is among them."""
    ordered = sorted(parts, key=lambda part: part.part)
    found: dict[str, RemoteSession] = {}
    for part in ordered:
        for session in part.sessions:
            found.setdefault(session.session_id, session)
    return ordered[0]._replace(part=0, parts=1, sessions=tuple(found.values()))


def split(host: RemoteHost) -> tuple[RemoteHost, ...]:
    """Return *host* in parts of at most 100 sessions; sessions beyond 3,200 are left out."""
    step = SESSIONS_PER_PART
    pieces = [host.sessions[at : at + step] for at in range(0, len(host.sessions), step)] or [()]
    pieces = pieces[:PARTS_MAX]
    return tuple(
        host._replace(part=number, parts=len(pieces), sessions=piece)
        for number, piece in enumerate(pieces)
    )


def relayed(mail: Mail, host: str) -> Envelope:
    """Return *mail* for a session of *host* as it lies in the box of that host."""
    to = {"session_id": mail.to, "host": check_host_id(host)}
    if mail.project:
        to["project"] = mail.project
    bare = without(mail.envelope, TO, FROM_HOST)
    return bare._replace(extra=(*bare.extra, (TO, to)))


def unrelayed(message: Envelope) -> Mail | None:
    """Return the mail that *message* of a relay box is, or None if it has no receiver."""
    to = dict(message.extra).get(TO)
    session_id = to.get("session_id") if isinstance(to, dict) else None
    if not isinstance(to, dict) or not isinstance(session_id, str) or not is_session_id(session_id):
        return None
    project = _matching(PROJECT_KEY, to.get("project"))
    return Mail(session_id, project, without(message, TO, FROM_HOST))


def arrived(message: Envelope, host: str) -> Envelope:
    """Return *message* as it is kept where it arrives: with the host that sent it."""
    bare = without(message, TO, FROM_HOST)
    return bare._replace(extra=(*bare.extra, (FROM_HOST, check_host_id(host))))


def origin_host(message: Envelope) -> str | None:
    """Return the host that *message* came from, or None if it was sent on this one."""
    host = dict(message.extra).get(FROM_HOST)
    return host if isinstance(host, str) and is_host_id(host) else None


def without(envelope: Envelope, *names: str) -> Envelope:
    """Return *envelope* without the extension members *names*."""
    return envelope._replace(extra=tuple(item for item in envelope.extra if item[0] not in names))
