"""Sessions that may come back: who they are, and where they worked.

Mail for a session that is not running needs proof that the session exists, and the project that it
belongs to; these records are that proof.  Only Python peers read and write them
(``docs/formats/known-session.md``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.codec import encode_pretty, is_schema_one
from oxtail.core.entry import CLIENT_TYPES, NAME_MAX_CHARS, SECONDS_MAX, Entry, Known, project_key
from oxtail.core.names import hash32, is_hash32_file
from oxtail.errors import DamagedRecord, StoreError
from oxtail.identity.records import Records

if TYPE_CHECKING:
    from oxtail.disk.atomic import Disk
    from oxtail.ports import Clock

KEEP_SECONDS: Final = 30 * 86_400
"""A session that was not seen for so long does not come back."""

KNOWN_MAX: Final = 1000
"""Most sessions that stay known; the longest unseen go first."""

REFRESH_SECONDS: Final = 3600
"""A record that says the same is written anew only when it is older than this."""


def parse_known(name: str, value: object) -> Known:
    """Return the session that the record *value* of the file *name* describes.

    Raises:
        DamagedRecord: a member is missing or malformed, or the file has another session's name.
    """
    if not isinstance(value, dict) or not is_schema_one(value.get("schema_version")):
        raise DamagedRecord("not a known session")
    session_id, cwd, seen = value.get("session_id"), value.get("cwd"), value.get("last_seen")
    if not isinstance(session_id, str) or not session_id or not isinstance(cwd, str):
        raise DamagedRecord("session_id or cwd is not a text")
    if isinstance(seen, bool) or not isinstance(seen, (int, float)) or not 0 <= seen <= SECONDS_MAX:
        raise DamagedRecord("last_seen is no time")
    if name != hash32(session_id) + ".json":
        raise DamagedRecord("session_id differs from the file's name")
    chosen, kind = value.get("name"), value.get("client_type")
    return Known(
        session_id=session_id,
        name=chosen[:NAME_MAX_CHARS] if isinstance(chosen, str) and chosen else None,
        client_type=kind if kind in CLIENT_TYPES else "unknown",
        cwd=cwd,
        last_seen=int(seen),
        project=project_key(value.get("project")),
    )


def known_from(entry: Entry, last_seen: float) -> Known | None:
    """Return the session behind *entry* as known at *last_seen*, or None if it has no id yet."""
    if not entry.session_id:
        return None
    client = entry.client
    return Known(
        entry.session_id, entry.name, client.type, client.cwd, int(last_seen), entry.project
    )


class KnownSessions:
    """The folder ``known/``; who only looks leaves its damage there."""

    def __init__(self, disk: Disk, clock: Clock, *, looking: bool = False) -> None:
        self._disk = disk
        self._clock = clock
        self._records = Records(
            disk,
            disk.layout.known,
            parse_known,
            accepts=lambda name: is_hash32_file(name, ".json"),
            keep_damaged=looking,
        )

    def remember(self, known: Known) -> None:
        """Keep *known*; a record that says the same and is not old is left alone.

        Raises:
            StoreError: it could not be kept.
        """
        if not known.session_id:
            return
        path = self._disk.layout.known_session(known.session_id)
        held = self._records.fresh(hash32(known.session_id) + ".json")
        if held is not None:
            age = known.last_seen - held.record.last_seen
            if held.record._replace(last_seen=0) == known._replace(last_seen=0) and (
                0 <= age < REFRESH_SECONDS
            ):
                return
        try:
            self._disk.folder(self._disk.layout.known)
            members = {"schema_version": 1, **known._asdict()}
            if known.project is None:
                del members["project"]
            self._disk.publish(path, encode_pretty(members), durable=False)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error

    def all(self) -> tuple[Known, ...]:
        """Return the sessions that may come back, the last seen first."""
        oldest = self._clock.now() - KEEP_SECONDS
        known = [seen.record for seen in self._records.all().values()]
        known.sort(key=lambda each: (-each.last_seen, each.session_id))
        return tuple(each for each in known[:KNOWN_MAX] if each.last_seen >= oldest)

    def sweep(self) -> None:
        """Forget sessions not seen for :data:`KEEP_SECONDS`, and those above :data:`KNOWN_MAX`.

        Raises:
            StoreError: the folder cannot be listed.
            OSError: a record cannot be removed.
        """
        oldest = self._clock.now() - KEEP_SECONDS
        newest_first = sorted(
            self._records.all().items(), key=lambda item: item[1].record.last_seen, reverse=True
        )
        for place, (name, seen) in enumerate(newest_first):
            if place >= KNOWN_MAX or seen.record.last_seen < oldest:
                self._records.remove(name, seen.stamp)
