"""What is kept of other hosts, and whom a session belongs to."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from helpers.fakes import FakeTrace
from helpers.stores import RealClock
from oxtail.core.remote import RemoteHost, RemoteSession
from oxtail.disk.atomic import Disk
from oxtail.store.files.hosts import GONE_MAX, SILENT_SECONDS, FileHosts

A, B = "a" * 16, "b" * 16
DAY = 86_400


class Hosts:
    def __init__(self, home: Path) -> None:
        self.clock = RealClock()
        self.disk = Disk(str(home), fsync=False, trace=FakeTrace())
        self.hosts = FileHosts(self.disk, self.clock)

    def says(self, host: str, *sessions: str, own: str = "", at: int = 5) -> tuple[str, ...]:
        rows = tuple(RemoteSession(session_id, name="n" + session_id) for session_id in sessions)
        said = RemoteHost(host, host[:1], "1" * 16, at, sessions=rows)
        return self.hosts.keep(said, lambda session_id: session_id == own)

    def has(self, host: str, session_id: str, *former: str, own: str = "") -> tuple[str, ...]:
        rows = (RemoteSession(session_id, former=former),)
        said = RemoteHost(host, host[:1], "1" * 16, 5, sessions=rows)
        return self.hosts.keep(said, lambda each: each == own)

    def live(self) -> list[str]:
        return [n.session.session_id for n in self.hosts.neighbors() if n.is_live]

    def known(self) -> list[str]:
        return [n.session.session_id for n in self.hosts.neighbors()]


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    return Hosts(tmp_path / ".oxtail")


def test_sessions_of_a_host_are_seen_by_every_process(hosts: Hosts, tmp_path: Path) -> None:
    assert hosts.says(A, "x", "y") == ()
    other = FileHosts(hosts.disk, hosts.clock)
    assert [(n.host_id, n.session.session_id, n.is_live) for n in other.neighbors()] == [
        (A, "x", True),
        (A, "y", True),
    ]
    assert other.host_of("y") == A
    assert other.host_of("z") is None
    path = Path(hosts.disk.layout.other_host(A))
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_host_that_falls_silent_is_not_there_any_more(hosts: Hosts) -> None:
    hosts.says(A, "x")
    hosts.clock.advance(SILENT_SECONDS + 1)
    assert hosts.live() == []
    assert hosts.known() == ["x"]
    hosts.says(A, "x")
    assert hosts.live() == ["x"]


def test_the_clock_of_another_host_counts_for_nothing(hosts: Hosts) -> None:
    hosts.says(A, "x", at=2**40)
    assert hosts.live() == ["x"]
    hosts.says(A, "x", at=0)
    assert hosts.live() == ["x"]


def test_a_session_that_ends_stays_known_for_a_week(hosts: Hosts) -> None:
    for _ in range(10):
        hosts.says(A, "x", "y")
        hosts.clock.advance(DAY)
    hosts.says(A, "x", "y")
    hosts.says(A, "y")
    assert hosts.live() == ["y"]
    assert sorted(hosts.known()) == ["x", "y"]
    hosts.clock.advance(6 * DAY)
    hosts.says(A, "y")
    assert hosts.hosts.host_of("x") == A
    hosts.clock.advance(2 * DAY)
    hosts.says(A, "y", "z")
    assert hosts.hosts.host_of("x") is None


def test_sessions_that_have_ended_are_bounded(hosts: Hosts) -> None:
    hosts.says(A, *(str(number) for number in range(GONE_MAX + 50)))
    hosts.says(A, "last")
    assert len(hosts.known()) == GONE_MAX + 1


def test_a_session_belongs_to_the_host_that_named_it_first(hosts: Hosts) -> None:
    hosts.says(A, "x")
    assert hosts.says(B, "x", "y") == ("x",)
    assert hosts.hosts.host_of("x") == A
    assert sorted(hosts.known()) == ["x", "y"]
    assert hosts.says(B, "mine", own="mine") == ("mine",)
    assert hosts.hosts.host_of("mine") is None


def test_an_earlier_id_belongs_to_the_host_of_its_session(hosts: Hosts) -> None:
    hosts.has(A, "one")
    hosts.has(A, "three", "two", "one")
    for found in (hosts.hosts, FileHosts(hosts.disk, hosts.clock)):
        assert [found.host_of(each) for each in ("one", "two", "three", "four")] == [A, A, A, None]
        assert found.is_of(A, "one")
        assert found.ids_of("two") == found.ids_of("three") == ("three", "two", "one")
        assert found.ids_of("four") == ()
    assert hosts.known() == ["three"]
    assert hosts.says(B, "one", "z") == ("one",)


def test_an_earlier_id_of_somebody_else_is_not_believed(hosts: Hosts) -> None:
    hosts.has(A, "x", "w")
    assert hosts.has(B, "y", "x", "w", "v", "mine", own="mine") == ("mine", "w", "x")
    assert hosts.hosts.ids_of("y") == ("y", "v")
    assert hosts.hosts.ids_of("w") == ("x", "w")
    assert hosts.hosts.ids_of("mine") == ()


def test_an_id_that_is_a_session_again_is_no_earlier_id(hosts: Hosts) -> None:
    hosts.has(A, "y", "x")
    rows = (RemoteSession("y", former=("x",)), RemoteSession("x"))
    hosts.hosts.keep(RemoteHost(A, "a", "1" * 16, 5, sessions=rows), lambda _: False)
    assert hosts.hosts.ids_of("x") == ("x",)
    assert hosts.hosts.ids_of("y") == ("y",)


def test_an_earlier_id_that_is_not_said_any_more_is_forgotten(hosts: Hosts) -> None:
    hosts.has(A, "y", "x")
    hosts.has(A, "y")
    assert hosts.hosts.host_of("x") is None


def test_saying_the_same_again_writes_nothing(hosts: Hosts) -> None:
    hosts.says(A, "x")
    path = hosts.disk.layout.other_host(A)
    before = os.stat(path).st_ino
    hosts.clock.advance(30)
    hosts.says(A, "x", at=9)
    assert os.stat(path).st_ino == before
    hosts.clock.advance(50)
    assert hosts.live() == ["x"]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"v":2}', b'{"v":1,"host_id":"' + b"b" * 16])
def test_a_damaged_file_is_set_aside(hosts: Hosts, data: bytes) -> None:
    hosts.says(A, "x")
    Path(hosts.disk.layout.other_host(A)).write_bytes(data)
    assert hosts.known() == []
    assert len(os.listdir(hosts.disk.layout.damaged)) == 1
    hosts.says(A, "x")
    assert hosts.known() == ["x"]


def test_a_host_that_is_gone_for_a_week_is_forgotten(hosts: Hosts) -> None:
    hosts.says(A, "x")
    hosts.clock.advance(8 * DAY)
    hosts.says(B, "y")
    hosts.hosts.forget()
    assert hosts.hosts.hosts() == (B,)


def test_other_names_in_the_folder_are_no_hosts(hosts: Hosts) -> None:
    hosts.says(A, "x")
    folder = Path(hosts.disk.layout.hosts)
    for name in ("x.json", "A" * 16 + ".json", "a" * 16, ".tmp.1.json"):
        (folder / name).write_text("{}")
    assert hosts.hosts.hosts() == (A,)


def test_what_the_carrier_said_last_tells_what_keeps_mail_here(hosts: Hosts) -> None:
    def says(**members: object) -> str | None:
        said = {"at": int(hosts.clock.now()), **members}
        Path(hosts.disk.layout.nats_state).write_text(json.dumps(said))
        return hosts.hosts.trouble()

    assert hosts.hosts.trouble() == "no carrier runs on this host"
    hosts.disk.folder(hosts.disk.layout.nats)
    assert says(connected=True) is None
    assert says(connected=False, problem="unplugged") == "unplugged"
    assert says(connected=True, at=5) == "no carrier runs on this host"
    Path(hosts.disk.layout.nats_state).write_text("[]")
    assert hosts.hosts.trouble() == "no carrier runs on this host"


def test_nobody_looks_for_other_hosts_where_there_are_none(hosts: Hosts) -> None:
    assert not hosts.hosts.are_known()
    hosts.says(A, "x")
    assert hosts.hosts.are_known()
