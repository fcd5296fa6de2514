"""Who holds something: a process, told apart from every later one with the same pid."""

from __future__ import annotations

from oxtail.core.value import Value


class Owner(Value):
    """One process.

    Attributes:
        pid: Its process id.
        start_token: When it started, in a form that no time zone changes; None if unknown.
        boot_id: Which run of the machine it belongs to; None if unknown.
        pid_namespace: In which process namespace *pid* is valid; None if unknown.
        host: The machine.
    """

    pid: int
    start_token: str | None
    boot_id: str | None
    pid_namespace: str | None
    host: str
