"""From what a caller types to the one session that is meant."""

from __future__ import annotations

from typing import NamedTuple


class Route(NamedTuple):
    """Where mail for one receiver goes.

    Attributes:
        box: Its box (:mod:`oxtail.core.names`).
        session_id: Whose ledger gets the reply handle; None for a receiver that has not said who
            it is, which then cannot reply by message id.
        server_pid: Its server process, None while it is not running.
    """

    box: str
    session_id: str | None
    server_pid: int | None
