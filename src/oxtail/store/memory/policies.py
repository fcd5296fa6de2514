"""The policies, in memory; the twin of those on files."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from oxtail.core.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator


class MemoryPolicies:
    """See :class:`oxtail.ports.Policies`."""

    def __init__(self) -> None:
        self._sessions: dict[str, Policy] = {}
        self._projects: dict[str, Policy] = {}
        self._lock = threading.Lock()

    def are_set(self) -> bool:
        """Tell whether there is a policy; see :meth:`oxtail.ports.Policies.are_set`."""
        return bool(self._sessions or self._projects)

    def of_session(self, session_id: str) -> Policy:
        """Return the policy of a session; see :meth:`oxtail.ports.Policies.of_session`."""
        return self._sessions.get(session_id, Policy())

    def of_project(self, root: str) -> Policy:
        """Return the policy of a project; see :meth:`oxtail.ports.Policies.of_project`."""
        return self._projects.get(root, Policy())

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keep others from changing policies; see :meth:`oxtail.ports.Policies.changing`."""
        with self._lock:
            yield

    def set_session(self, session_id: str, policy: Policy) -> None:
        """Replace the policy of a session; see :meth:`oxtail.ports.Policies.set_session`."""
        _set(self._sessions, session_id, policy)

    def set_project(self, root: str, policy: Policy) -> None:
        """Replace the policy of a project; see :meth:`oxtail.ports.Policies.set_project`."""
        _set(self._projects, root, policy)


def _set(policies: dict[str, Policy], owner: str, policy: Policy) -> None:
    if policy.rules:
        policies[owner] = policy
    else:
        policies.pop(owner, None)
