"""What is kept of mail that came from other hosts."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.fakes import FakeTrace
from oxtail.core.arrival import Arrived
from oxtail.disk.atomic import Disk
from oxtail.store.files.arrivals import FileArrivals

MAIL = Arrived("0" * 15 + "1", "b" * 16, "alice", 5, ("shown",), "policy")


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(str(tmp_path / ".oxtail"), fsync=False, trace=FakeTrace())


def test_what_is_kept_is_found_by_the_next_carrier(disk: Disk) -> None:
    FileArrivals(disk).keep(MAIL)
    arrivals = FileArrivals(disk)
    assert arrivals.all() == (MAIL,)
    arrivals.forget(MAIL.message_id)
    assert arrivals.all() == ()
    assert arrivals.get(MAIL.message_id) is None


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"message_id":"0000000000000002"}'])
def test_a_damaged_record_counts_as_none(disk: Disk, data: bytes) -> None:
    arrivals = FileArrivals(disk)
    arrivals.keep(MAIL)
    Path(disk.layout.arrival(MAIL.message_id)).write_bytes(data)
    assert arrivals.all() == ()


def test_what_nobody_can_use_is_kept_for_a_person(disk: Disk) -> None:
    FileArrivals(disk).set_aside(b"odd", "not JSON")
    (kept,) = Path(disk.layout.damaged).iterdir()
    assert kept.read_bytes() == b"odd"
    assert kept.stat().st_mode & 0o777 == 0o600
