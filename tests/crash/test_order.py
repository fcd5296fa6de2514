"""What the crash sweep cannot see: that everything is synced before it counts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.stores import BOB, BOX, TO_BOB, Hosts, letter
from oxtail.core.names import hash32
from oxtail.disk.atomic import Disk

BOX_FILE = f"{BOX}.jsonl"
LEDGER_FILE = f"{hash32(BOB)}.jsonl"


class Recorder:
    """The calls that change a disk, with the names of files, in order."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.names: dict[int, str] = {}

    def patch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("write", "fsync", "ftruncate"):
            monkeypatch.setattr(os, name, self.on_descriptor(name, getattr(os, name)))
        for name in ("rename", "link"):
            monkeypatch.setattr(os, name, self.on_target(name, getattr(os, name)))
        real = os.open

        def opened(path: str, *args: Any, **options: Any) -> int:
            descriptor = real(path, *args, **options)
            self.names[descriptor] = self.short(path)
            return descriptor

        monkeypatch.setattr(os, "open", opened)

    @staticmethod
    def short(path: str) -> str:
        name = os.path.basename(path)
        return "temporary" if ".tmp." in name else name

    def on_descriptor(self, name: str, real: Any) -> Any:
        def call(descriptor: int, *args: Any) -> Any:
            self.calls.append((name, self.names.get(descriptor, "?")))
            return real(descriptor, *args)

        return call

    def on_target(self, name: str, real: Any) -> Any:
        def call(source: str, target: str) -> None:
            self.calls.append((name, self.short(target)))
            real(source, target)

        return call

    def happened(self, *wanted: tuple[str, str]) -> bool:
        """Tell whether *wanted* is a part of what happened, in this order."""
        rest: Iterator[tuple[str, str]] = iter(self.calls)
        return all(call in rest for call in wanted)


@pytest.fixture
def hosts(home: Path) -> Hosts:
    return Hosts(home / ".oxtail", fsync=True)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def test_a_handle_is_synced_before_the_mail_is_written_and_the_mail_before_the_return(
    hosts: Hosts, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = hosts.process()
    recorder.patch(monkeypatch)
    message = letter()
    store.put(TO_BOB, message)
    monkeypatch.undo()

    assert recorder.happened(
        ("fsync", "received"),  # the name of a new file, before its first line
        ("write", LEDGER_FILE),
        ("fsync", LEDGER_FILE),
        ("fsync", "mailboxes"),
        ("write", BOX_FILE),
        ("fsync", BOX_FILE),
        ("link", message.id),
    )


def test_a_full_box_costs_two_syncs_per_message(
    hosts: Hosts, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = hosts.process()
    store.put(TO_BOB, letter())
    recorder.patch(monkeypatch)
    store.put(TO_BOB, letter())
    monkeypatch.undo()

    syncs = [name for call, name in recorder.calls if call == "fsync"]
    assert syncs == [LEDGER_FILE, BOX_FILE]


def test_a_claim_is_synced_before_the_box_is_emptied(
    hosts: Hosts, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = hosts.process()
    message = letter()
    store.put(TO_BOB, message)
    recorder.patch(monkeypatch)
    (token,) = store.claim([BOX], [message.id]).tokens
    monkeypatch.undo()

    assert recorder.happened(
        ("write", "temporary"),
        ("fsync", "temporary"),
        ("rename", token),
        ("fsync", "claimed"),
        ("ftruncate", BOX_FILE),
    )


def test_what_stays_in_a_box_is_synced_before_it_replaces_the_box(
    hosts: Hosts, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = hosts.process()
    messages = [letter("a"), letter("b")]
    for message in messages:
        store.put(TO_BOB, message)
    recorder.patch(monkeypatch)
    (token,) = store.claim([BOX], [messages[0].id]).tokens
    monkeypatch.undo()

    assert recorder.happened(
        ("rename", token),
        ("fsync", "claimed"),
        ("fsync", "temporary"),
        ("rename", BOX_FILE),
        ("fsync", "mailboxes"),
    )


def test_an_adopted_box_is_synced_before_the_old_one_is_emptied(
    hosts: Hosts, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = hosts.process()
    store.put_copy("7", letter())
    recorder.patch(monkeypatch)
    store.adopt_box("7", BOX)
    monkeypatch.undo()

    assert recorder.happened(("write", BOX_FILE), ("fsync", BOX_FILE), ("ftruncate", "7.jsonl"))


def test_what_is_published_is_synced_first_and_its_folder_after(
    tmp_path: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(str(tmp_path), fsync=True)
    recorder.patch(monkeypatch)
    disk.publish(str(tmp_path / "x"), b"1")
    disk.create(str(tmp_path / "y"), b"1", durable=True)
    monkeypatch.undo()

    folder = tmp_path.name
    assert recorder.calls == [
        ("write", "temporary"),
        ("fsync", "temporary"),
        ("rename", "x"),
        ("fsync", folder),
        ("write", "temporary"),
        ("fsync", "temporary"),
        ("link", "y"),
        ("fsync", folder),
    ]


def test_syncs_can_be_turned_off(
    home: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Hosts(home / ".oxtail", fsync=False).process()
    recorder.patch(monkeypatch)
    message = letter()
    store.put(TO_BOB, message)
    store.claim([BOX], [message.id])
    monkeypatch.undo()

    assert [call for call, _ in recorder.calls if call == "fsync"] == []
