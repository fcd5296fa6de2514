"""What can be in the way of changing or showing a fleet: a branch of :mod:`oxtail.errors`."""

from __future__ import annotations

from oxtail.errors import ConfigError, LockBusy, OxtailError, UsageError


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


class CockpitCrashed(OxtailError):
    """The cockpit has ended by a fault of its own; the terminal is as it was."""

    code = "cockpit-crashed"
