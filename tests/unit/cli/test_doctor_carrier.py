"""What doctor says of mail between hosts, in each state that a host may be in."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from helpers.fakes import FakeTrace
from helpers.stores import letter
from oxtail.cli.doctor_carrier import examine
from oxtail.core.envelope import encode
from oxtail.core.names import relay_box
from oxtail.disk.atomic import Disk
from oxtail.store.files.carriage import take_lock
from oxtail.store.files.findings import NOTE, WRONG

HOST = "b" * 16
JOINED = {"OXTAIL_NATS_URL": "nats://127.0.0.1:4222"}


class Here:
    """A host that has joined others; its client is installed, unless a test says otherwise."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.disk = Disk(str(home / ".oxtail"), fsync=False, trace=FakeTrace())
        self.disk.folder(self.disk.layout.nats)
        self.disk.folder(self.disk.layout.mailboxes)
        self.installed = True
        real = importlib.util.find_spec
        monkeypatch.setattr(
            importlib.util,
            "find_spec",
            lambda name, *more: (
                real("json" if self.installed else "no_such_module")
                if name == "nats"
                else real(name, *more)
            ),
        )

    def waits(self, count: int) -> None:
        lines = b"".join(encode(letter(str(number))) for number in range(count))
        path = Path(self.disk.layout.mailboxes) / f"{relay_box(HOST)}.jsonl"
        path.write_bytes(lines)

    def says(self, **members: Any) -> None:
        Path(self.disk.layout.nats_state).write_text(json.dumps(members))

    @contextmanager
    def carried(self) -> Iterator[None]:
        descriptor = take_lock(self.disk)
        assert descriptor is not None
        try:
            yield
        finally:
            os.close(descriptor)

    def found(self, environ: dict[str, str] = JOINED) -> list[tuple[str, str]]:
        findings = list(examine(self.disk, environ))
        assert {each.check for each in findings} <= {"carrier"}
        assert all(each.remedy for each in findings)
        return [(each.level, each.problem) for each in findings]


@pytest.fixture
def here(home: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    return Here(home, monkeypatch)


def test_a_host_that_has_joined_none_hears_nothing_of_it(here: Here) -> None:
    here.waits(1)
    assert here.found({}) == []


def test_what_carries_is_not_installed(here: Here) -> None:
    here.installed = False
    ((level, problem),) = here.found()
    assert (level, "is not installed" in problem) == (WRONG, True)


@pytest.mark.parametrize(("count", "level"), [(0, NOTE), (1, WRONG), (3, WRONG)])
def test_nobody_carries(here: Here, count: int, level: str) -> None:
    here.waits(count)
    ((found, problem),) = here.found()
    assert (found, "nobody carries" in problem) == (level, True)
    for number in (1, 3):
        words = f"messages that wait here for other hosts: {number}"
        assert problem.endswith(words) is (number == count)


@pytest.mark.parametrize(("count", "level"), [(0, NOTE), (2, WRONG)])
def test_the_carrier_has_no_server(here: Here, count: int, level: str) -> None:
    here.waits(count)
    here.says(connected=False, problem="unplugged")
    with here.carried():
        ((found, problem),) = here.found()
    assert (found, "no server: unplugged" in problem) == (level, True)


def test_a_carrier_that_has_said_nothing_yet_has_no_server(here: Here) -> None:
    with here.carried():
        ((level, problem),) = here.found()
    assert (level, "not yet" in problem) == (NOTE, True)


def test_mail_is_carried(here: Here) -> None:
    here.says(connected=True, hosts={HOST: 3, "c" * 16: 0})
    with here.carried():
        ((level, problem),) = here.found()
    assert (level, problem) == (
        NOTE,
        "mail between hosts is carried; other hosts that are there: 2",
    )


def test_what_is_kept_back_and_what_troubles_the_carrier_is_told(here: Here) -> None:
    here.says(connected=True, kept_back={HOST: "its key has changed"}, problem="presence: full")
    with here.carried():
        _, kept_back, trouble = here.found()
    assert (kept_back[0], HOST in kept_back[1], "its key" in kept_back[1]) == (WRONG, True, True)
    assert trouble == (NOTE, "presence: full")


@pytest.mark.parametrize("state", ["[]", "{", '{"connected": true, "hosts": 5, "kept_back": []}'])
def test_a_damaged_word_of_the_carrier_is_no_reason_to_fail(here: Here, state: str) -> None:
    Path(here.disk.layout.nats_state).write_text(state)
    with here.carried():
        assert len(here.found()) == 1


def test_settings_that_cannot_be_used_are_wrong(here: Here) -> None:
    ((level, problem),) = here.found({"OXTAIL_NATS_URL": "nats://10.1.2.3:4222"})
    assert (level, "10.1.2.3" in problem or "plain" in problem.lower()) == (WRONG, True)


def test_a_lock_that_cannot_be_used_is_wrong(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> int:
        raise PermissionError(13, "Permission denied", path)

    Path(here.disk.layout.carrier_lock).touch()
    monkeypatch.setattr(here.disk, "open_side", refuse)
    ((level, problem),) = here.found()
    assert (level, "Permission denied" in problem) == (WRONG, True)
