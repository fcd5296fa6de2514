"""When a host has something to say of itself."""

from __future__ import annotations

import pytest

from oxtail.core.remote import RemoteHost, RemoteSession
from oxtail.store.nats.presence import activity_pause, is_worth_saying

BUSY = RemoteSession("s", activity="busy")
IDLE = RemoteSession("s", activity="idle")


def host(*sessions: RemoteSession, at: int = 5) -> RemoteHost:
    return RemoteHost("a" * 16, "ann", "b" * 16, at, sessions=sessions)


@pytest.mark.parametrize(
    ("said", "now", "seconds", "is_said"),
    [
        (None, host(), 0, True),
        (host(BUSY), host(BUSY, at=9), 100, False),
        (host(BUSY), host(IDLE), 4, False),
        (host(BUSY), host(IDLE), 5, True),
        (host(BUSY), host(), 0, True),
        (host(BUSY), host(BUSY._replace(name="new")), 0, True),
        (host(BUSY), host(BUSY, IDLE._replace(session_id="t")), 0, True),
    ],
)
def test_changes_are_said_at_once_and_who_is_busy_now_and_then(
    said: RemoteHost | None, now: RemoteHost, seconds: float, is_said: bool
) -> None:
    assert is_worth_saying(said, now, seconds, 5) is is_said


@pytest.mark.parametrize(
    ("sessions", "hosts", "pause"),
    [(0, 0, 5), (100, 100, 5), (101, 2, 10), (1_000, 100, 50), (20, 1_000, 50), (1_000, 200, 100)],
)
def test_large_hosts_and_hosts_among_many_say_more_rarely_who_is_busy(
    sessions: int, hosts: int, pause: float
) -> None:
    assert activity_pause(sessions, hosts) == pause
