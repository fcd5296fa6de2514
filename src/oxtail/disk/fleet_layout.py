"""The paths that only work on fleets needs; see :mod:`oxtail.disk.layout` for all others.

They are apart because every hook loads that one.
"""

from __future__ import annotations

import re
from os.path import join
from typing import Final

from oxtail.core.names import hash32
from oxtail.core.value import Value

LOCK_NAME_MAX: Final = 200
"""Longest name of the lock of a fleet; a file's may have 255, marks behind it included."""


class FleetLayout(Value):
    """The paths below one state folder (*home*)."""

    home: str

    @property
    def fleet(self) -> str:
        """Path of the fleet of projects that describe none."""
        return join(self.home, "fleet.json")

    @property
    def crash(self) -> str:
        """Path of what is known of the last fault that ended a cockpit."""
        return join(self.home, "cockpit-crash.txt")

    @property
    def fleet_locks(self) -> str:
        """Folder of the locks of fleets."""
        return join(self.home, "fleet-locks")

    def fleet_lock(self, root: str) -> str:
        """Path of the lock of the fleet of a project.

        A path too long for the name of a file is hashed; npm peers cannot lock it at all.
        """
        name = re.sub(r"[^A-Za-z0-9_-]", "-", root) or "root"
        return join(self.fleet_locks, name if len(name) <= LOCK_NAME_MAX else hash32(root))
