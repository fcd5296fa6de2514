"""From what a caller types to the one session on another host that is meant.

The rule is that of :mod:`oxtail.core.address`: a target names one session of the caller's project,
or nobody.  A former id names the session that goes on for it.  A session of another host is looked
for only where nobody of this host answers, so ``<target>@<host>`` names one that shares its name
with a session here or on a third host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.names import is_uuid_shape
from oxtail.errors import AmbiguousTarget, CrossProject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.core.remote import Neighbor


def _answering(target: str, neighbors: Sequence[Neighbor]) -> list[Neighbor]:
    by_id = [each for each in neighbors if each.session_id == target]
    by_id = by_id or [each for each in neighbors if target in each.session.former]
    if by_id or is_uuid_shape(target):
        return by_id
    return [each for each in neighbors if each.name == target]


def choose(target: str, neighbors: Sequence[Neighbor], project: str | None) -> Neighbor | None:
    """Return the session that *target* names, or None if nobody answers to it.

    Of several, those that run count.  A session without a project key belongs to no project that
    another host could know.

    Args:
        target: A session id or a chosen name, alone or with ``@`` and the name or id of a host.
        neighbors: The sessions of other hosts.
        project: The key of the caller's project, or None.

    Raises:
        AmbiguousTarget: several sessions of the project answer; ``candidates`` has them.
        CrossProject: the session of that id works in another project.
    """
    found = _answering(target, neighbors)
    name, _, host = target.rpartition("@")
    if not found and name and host:
        there = [each for each in neighbors if host in (each.host_id, each.host_name)]
        target, found = name, _answering(name, there)
    here = [each for each in found if project and each.session.project == project]
    here = [each for each in here if each.is_live] or here
    if len(here) > 1:
        raise AmbiguousTarget(
            candidates=sorted(f"{each.session_id}@{each.host_id}" for each in here),
            note="Sessions on several hosts answer: write target@host.",
        )
    if not here and any(each.session.went_by(target) for each in found):
        raise CrossProject
    return here[0] if here else None
