"""Die at each step of noting and filing a sender's record: it is always found, and filed once."""

from __future__ import annotations

from pathlib import Path

import pytest

from crash.test_crash_sweep import IDS, MAIL, Folders, RealClock, Start
from helpers.crashes import deaths
from helpers.stores import TO_BOB, Hosts
from oxtail.core.mail import Sent
from oxtail.disk.atomic import Disk
from oxtail.store.files.sent import SentRecords

pytestmark = pytest.mark.forks


def records(home: Path) -> SentRecords:
    return SentRecords(Disk(str(home)), RealClock(), defers=True)


def noted(home: Path) -> None:
    """Leave the journal of a server that died."""
    hosts = Hosts(home)
    server = hosts.process(stays=True)
    for message in MAIL:
        server.put(TO_BOB, message)
    hosts.kill(server)


def test_records_that_are_filed(tmp_path: Path) -> None:
    folders = Folders(tmp_path, noted)
    names = sorted(IDS)

    def work(home: Path, start: Start) -> None:
        sweeping = records(home)
        start()
        sweeping.settle_for_the_dead()

    for home, where in deaths(folders, work):
        assert all(isinstance(records(home).find(each), Sent) for each in IDS), where
        records(home).settle_for_the_dead()
        filed = [path.name for path in (home / "outbox").iterdir() if ".tmp." not in path.name]
        assert sorted(filed) == names, where
        assert list((home / "sent").iterdir()) == [], where
        assert all(isinstance(records(home).find(each), Sent) for each in IDS), where
    assert folders.count > 3 * len(IDS)


def test_a_record_that_is_noted(tmp_path: Path) -> None:
    folders = Folders(tmp_path, lambda home: Disk(str(home)).folder(str(home)) and None)
    sent = Sent(IDS[0], 1_800_000_000, None, 42, None)

    def work(home: Path, start: Start) -> None:
        noting = records(home)
        start()
        noting.write(sent, fresh=True)

    for home, where in deaths(folders, work):
        assert records(home).find(sent.message_id) in (None, sent), where
        records(home).settle_for_the_dead()
        records(home).write(sent, fresh=False)
        assert records(home).find(sent.message_id) == sent, where
        assert list((home / "sent").glob("*")) == [], where
    assert folders.count > 4
