"""What can be in the way of changing a fleet: a branch of the tree of :mod:`oxtail.errors`."""

from __future__ import annotations

from oxtail.errors import ConfigError, LockBusy, UsageError


class BadFleet(ConfigError):
    """The description of a fleet breaks its rules."""

    code = "bad-fleet"


class FleetRefused(UsageError):
    """The fleet is not changed, because it is not surely this project's own."""

    code = "fleet-refused"
    exit_status = 1


class FleetBusy(LockBusy):
    """Another run changes the fleet of this project now."""

    code = "fleet-busy"
