"""Sticky claims: the identity of a session, remembered for a server that is restarted.

A record holds the processes above the server that made the claim.  A later server that shares one
of them, with the same start, may be of the same session; where two sessions fit equally well,
neither is taken (``docs/formats/sticky-claim.md``).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from oxtail.core.codec import encode_pretty, is_schema_one
from oxtail.core.entry import SECONDS_MAX, Entry
from oxtail.core.names import is_hash32_file, is_session_id
from oxtail.core.value import Value
from oxtail.errors import DamagedRecord, StoreError
from oxtail.identity.ancestry import Ancestor, ancestors
from oxtail.identity.records import Records

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.disk.atomic import Disk
    from oxtail.ports import Clock

KEEP_SECONDS: Final = 14 * 86_400
"""A claim older than this is removed."""


class StickyClaim(Value):
    """One remembered identity, with its members in the order of the file.

    Attributes:
        client_type: As in :class:`oxtail.core.entry.Client`.
        cwd: Where the session worked.
        ancestors: The processes above its server, nearest first.
        session_id: The session.
        transcript_path: Its transcript, or None; then it cannot be recovered.
        claimed_at: Unix seconds.
        server_pid: The server that made the claim.
    """

    client_type: str
    cwd: str
    ancestors: tuple[Ancestor, ...]
    session_id: str
    transcript_path: str | None
    claimed_at: int
    server_pid: int

    def as_dict(self) -> dict[str, object]:
        """Return the members in protocol order."""
        chain = [each._asdict() for each in self.ancestors]
        return {"schema_version": 1, **self._asdict(), "ancestors": chain}


class Fit(Value):
    """How well a claim fits this process; the smallest is the best.

    Attributes:
        unshared: Number of shared ancestors, negative.
        depth: Index of the nearest shared one above this process.
        depth_then: Index of the nearest shared one above the process that made the claim.
        age: When the claim was made, negative.
    """

    unshared: int
    depth: int
    depth_then: int
    age: int


def _ancestor(value: object) -> Ancestor | None:
    pid, sig = (value.get("pid"), value.get("sig")) if isinstance(value, dict) else (None, None)
    if isinstance(pid, bool) or not isinstance(pid, int) or not isinstance(sig, str):
        return None
    return Ancestor(pid, sig)


def parse_claim(_name: str, value: object) -> StickyClaim | None:
    """Return the claim that *value* describes, or None if it is of a form not known here.

    Raises:
        DamagedRecord: a member is missing or malformed.
    """
    if not isinstance(value, dict):
        raise DamagedRecord("claim is not an object")
    if not is_schema_one(value.get("schema_version")):
        return None
    kind, cwd, chain = value.get("client_type"), value.get("cwd"), value.get("ancestors")
    session_id, at, pid = value.get("session_id"), value.get("claimed_at"), value.get("server_pid")
    if not isinstance(kind, str) or not isinstance(cwd, str) or not isinstance(chain, list):
        raise DamagedRecord("client_type, cwd or ancestors is malformed")
    if not isinstance(session_id, str) or not is_session_id(session_id):
        raise DamagedRecord("session_id is no session id")
    if isinstance(at, bool) or not isinstance(at, (int, float)) or not abs(at) <= SECONDS_MAX:
        raise DamagedRecord("claimed_at is no time")
    path = value.get("transcript_path")
    return StickyClaim(
        client_type=kind,
        cwd=cwd,
        ancestors=tuple(each for each in map(_ancestor, chain) if each),
        session_id=session_id,
        transcript_path=path if isinstance(path, str) and path else None,
        claimed_at=int(at),
        server_pid=pid if isinstance(pid, int) else 0,
    )


def fit(claim: StickyClaim, current: tuple[Ancestor, ...]) -> Fit | None:
    """Return how well *claim* fits a process below *current*, or None if nothing is shared.

    An ancestor without a signature is shared with nobody: its pid may have been used again.
    """
    shared = {each for each in current if each.sig} & set(claim.ancestors)
    if not shared:
        return None
    return Fit(
        unshared=-len(shared),
        depth=min(current.index(each) for each in shared),
        depth_then=min(claim.ancestors.index(each) for each in shared),
        age=-claim.claimed_at,
    )


def choose(claims: tuple[StickyClaim, ...], current: tuple[Ancestor, ...]) -> StickyClaim | None:
    """Return the claim that fits best, or None if none fits or two sessions fit equally well.

    More shared ancestors are better, then a nearer one.  How recent a claim is never decides
    between two sessions.
    """
    ranked = sorted(
        ((score, claim) for claim in claims if (score := fit(claim, current))),
        key=lambda item: (item[0], item[1].session_id),
    )
    if not ranked:
        return None
    best_score, best = ranked[0]
    rival = next((score for score, each in ranked if each.session_id != best.session_id), None)
    return None if rival and rival[:2] == best_score[:2] else best


class StickyClaims:
    """The folder ``claims/``.

    Args:
        disk: The state folder.
        clock: Time.
        ancestors: Returns the processes above this one.
    """

    def __init__(
        self,
        disk: Disk,
        clock: Clock,
        ancestors: Callable[[], tuple[Ancestor, ...]] = ancestors,
    ) -> None:
        self._disk = disk
        self._clock = clock
        self._ancestors = ancestors
        self._records = Records(
            disk,
            disk.layout.sticky_claims,
            parse_claim,
            accepts=lambda name: is_hash32_file(name, ".json"),
        )

    def remember(self, entry: Entry) -> None:
        """Keep the identity of *entry*, and drop what is too old; a failure is traced.

        An entry without a session id or of an unknown client is not kept.
        """
        client = entry.client
        if not client.session_id or client.type == "unknown":
            return
        claim = StickyClaim(
            client_type=client.type,
            cwd=client.cwd,
            ancestors=self._ancestors(),
            session_id=client.session_id,
            transcript_path=client.transcript_path,
            claimed_at=int(self._clock.now()),
            server_pid=entry.server_pid,
        )
        path = self._disk.layout.sticky_claim(client.type, client.cwd, client.session_id)
        try:
            self._disk.folder(self._disk.layout.sticky_claims)
            self._sweep()
            self._disk.publish(path, encode_pretty(claim.as_dict()), durable=False)
        except (OSError, StoreError) as error:
            self._disk.trace("sticky_claim_failed", path=path, error=str(error))

    def recover(self, client_type: str, cwd: str) -> StickyClaim | None:
        """Return the claim that an earlier server of this session left, or None."""
        try:
            found = self._records.all().values()
        except StoreError as error:
            self._disk.trace("sticky_claim_failed", error=error.message)
            return None
        candidates = tuple(
            seen.record
            for seen in found
            if seen.record.client_type == client_type
            and seen.record.cwd == cwd
            and seen.record.transcript_path
            and os.path.exists(seen.record.transcript_path)
        )
        claim = choose(candidates, self._ancestors()) if candidates else None
        if claim:
            self._disk.trace("sticky_claim_recovered", session_id=claim.session_id, cwd=cwd)
        return claim

    def _sweep(self) -> None:
        oldest = self._clock.now() - KEEP_SECONDS
        for name, seen in self._records.all().items():
            if seen.record.claimed_at < oldest:
                self._records.remove(name, seen.stamp)
