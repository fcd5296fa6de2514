"""The policies: one file a session and one a project that has rules of its own.

A sender reads those of its receiver before each message, so the folder itself exists only while
somebody has rules.  ``docs/formats/policy.md`` is the format.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from oxtail.core import codec
from oxtail.core.notice import Notice
from oxtail.core.policy import Policy, as_list, from_list
from oxtail.errors import DamagedRecord, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oxtail.disk.atomic import Disk
    from oxtail.ports import Clock, Notices
    from oxtail.store.files.locks import Locks

POLICY_MAX_BYTES: Final = 2 * 1024 * 1024
"""Largest policy that is read: 200 rules with the longest names, escaped, have less."""

NOTICE_KIND: Final = "policy-damaged"


class FilePolicies:
    """See :class:`oxtail.ports.Policies`; on the folder ``policy/``."""

    def __init__(self, disk: Disk, clock: Clock, notices: Notices, locks: Locks) -> None:
        self._disk = disk
        self._locks = locks
        self._clock = clock
        self._notices = notices

    def are_set(self) -> bool:
        """Tell whether there may be a policy; see :meth:`oxtail.ports.Policies.are_set`."""
        return os.path.isdir(self._disk.layout.policies)

    def of_session(self, session_id: str) -> Policy:
        """Return the policy of a session; see :meth:`oxtail.ports.Policies.of_session`."""
        return self._read(self._disk.layout.session_policy(session_id), "session_id", session_id)

    def of_project(self, root: str) -> Policy:
        """Return the policy of a project; see :meth:`oxtail.ports.Policies.of_project`."""
        return self._read(self._disk.layout.project_policy(root), "project_root", root)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keep others from changing policies; see :meth:`oxtail.ports.Policies.changing`."""
        # The lock is beside the folder, which is there only while there is a policy.
        path = self._disk.layout.policies
        try:
            self._disk.folder(self._disk.layout.home)
            with self._locks.holding(path, "policy_lock_stale_clear"):
                yield
        except OSError as error:
            raise StoreError(f"cannot change {path}: {error.strerror}", path=path) from error

    def set_session(self, session_id: str, policy: Policy) -> None:
        """Replace the policy of a session; see :meth:`oxtail.ports.Policies.set_session`.

        Commit point: the rename, synced.
        """
        path = self._disk.layout.session_policy(session_id)
        self._write(path, "session_id", session_id, policy)

    def set_project(self, root: str, policy: Policy) -> None:
        """Replace the policy of a project; see :meth:`set_session`."""
        self._write(self._disk.layout.project_policy(root), "project_root", root, policy)

    def _write(self, path: str, member: str, owner: str, policy: Policy) -> None:
        try:
            if not policy.rules:
                self._disk.remove(path)
                with suppress(OSError):  # others have rules
                    os.rmdir(self._disk.layout.policies)
                return
            self._disk.remake_folder(self._disk.layout.policies)
            members = {"schema_version": 1, member: owner, "rules": as_list(policy)}
            self._disk.publish(path, codec.encode_pretty(members))
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error

    def _read(self, path: str, member: str, owner: str) -> Policy:
        try:
            data = self._disk.read(path, POLICY_MAX_BYTES)
            return _parse(data, member, owner) if data is not None else Policy()
        except DamagedRecord as error:
            kept = self._disk.set_aside(path, error.problem)
        where = f"; it is kept in {kept}" if kept else ""
        text = f"the policy of {owner} was damaged and no longer applies{where}"
        self._notices.say(Notice(int(self._clock.now()), NOTICE_KIND, text))
        return Policy()


def _parse(data: bytes, member: str, owner: str) -> Policy:
    try:
        members = codec.decode(data)
    except ValueError as error:
        raise DamagedRecord("not JSON") from error
    if not isinstance(members, dict) or not codec.is_schema_one(members.get("schema_version")):
        raise DamagedRecord("not a policy")
    # A lone surrogate is written as an escape and read back as it was.
    if members.get(member) != owner:
        raise DamagedRecord(f"{member} is somebody else's")
    return from_list(members.get("rules"))
