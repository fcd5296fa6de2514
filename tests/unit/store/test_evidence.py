"""Both stores of proofs promise the same, and the one on files believes no forged record."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.stores import Hosts
from oxtail.core.evidence import LINE_LIMIT, TRANSCRIPT_MAX_CHARS, InContext, Offered
from oxtail.errors import StoreError
from oxtail.ports import Evidence
from oxtail.store.files.evidence import FileEvidence
from oxtail.store.memory.evidence import MemoryEvidence
from oxtail.store.retention import RECORD_KEEP_SECONDS

ID = "0f3c9a1be2d47758"
OTHER = "00112233445566aa"
OFFER = Offered(ID, "claude-inbox", 1_800_000_000, 1)
PLACE = InContext(ID, "/home/é/t.jsonl", 7, 1_800_000_001)


class Kept:
    """A store of proofs, and the passing of a week for it."""

    def __init__(self, kind: str, home: Path) -> None:
        self.hosts = Hosts(home / ".oxtail")
        self.clock, self.trace = self.hosts.clock, self.hosts.trace
        self.disk = self.hosts.disk
        self.evidence: Evidence = (
            FileEvidence(self.disk, self.clock) if kind == "files" else MemoryEvidence(self.clock)
        )

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.hosts.process().sweep()


@pytest.fixture(params=["files", "memory"])
def kept(request: pytest.FixtureRequest, home: Path) -> Kept:
    return Kept(request.param, home)


@pytest.fixture
def files(home: Path) -> Kept:
    return Kept("files", home)


def test_nothing_is_known_of_a_message_without_a_record(kept: Kept) -> None:
    assert kept.evidence.offer_of(ID) is None
    assert kept.evidence.context_of(ID) is None


def test_the_latest_offer_counts(kept: Kept) -> None:
    kept.evidence.offered(OFFER)
    again = OFFER._replace(door="tmux", attempt=2, at=OFFER.at + 15)
    kept.evidence.offered(again)

    assert kept.evidence.offer_of(ID) == again
    assert kept.evidence.offer_of(OTHER) is None
    assert kept.evidence.context_of(ID) is None


def test_the_first_place_counts(kept: Kept) -> None:
    kept.evidence.found(PLACE)
    kept.evidence.found(PLACE._replace(line=99))

    assert kept.evidence.context_of(ID) == PLACE
    assert kept.evidence.context_of(OTHER) is None
    assert kept.evidence.offer_of(ID) is None


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "0F3C9A1BE2D47758", "0f3c", "x" * 5_000])
def test_what_is_no_message_id_has_no_record(kept: Kept, name: str) -> None:
    kept.evidence.offered(OFFER._replace(message_id=name))
    kept.evidence.found(PLACE._replace(message_id=name))

    assert kept.evidence.offer_of(name) is None
    assert kept.evidence.context_of(name) is None


def test_proofs_are_kept_for_a_week(kept: Kept) -> None:
    kept.evidence.offered(OFFER)
    kept.evidence.found(PLACE)
    kept.pass_time(RECORD_KEEP_SECONDS - 10)
    assert kept.evidence.offer_of(ID) == OFFER
    assert kept.evidence.context_of(ID) == PLACE

    kept.pass_time(20)

    assert kept.evidence.offer_of(ID) is None
    assert kept.evidence.context_of(ID) is None


def test_a_new_offer_keeps_the_record_for_another_week(kept: Kept) -> None:
    kept.evidence.offered(OFFER)
    kept.pass_time(RECORD_KEEP_SECONDS - 10)
    kept.evidence.offered(OFFER)
    kept.pass_time(RECORD_KEEP_SECONDS - 10)

    assert kept.evidence.offer_of(ID) == OFFER


# ------------------------------------------------------------------ files


def test_the_records_are_private_and_in_the_form_of_the_page(files: Kept) -> None:
    files.evidence.offered(OFFER)
    files.evidence.found(PLACE)

    offer, place = (Path(files.disk.layout.evidence, f"{kind}-{ID}") for kind in "oc")
    assert offer.read_bytes() == (
        b'{"schema_version":1,"message_id":"0f3c9a1be2d47758","door":"claude-inbox",'
        b'"at":1800000000,"attempt":1}'
    )
    assert place.read_text(encoding="utf-8") == (
        '{"schema_version":1,"message_id":"0f3c9a1be2d47758","transcript":"/home/é/t.jsonl",'
        '"line":7,"at":1800000001}'
    )
    assert {path.stat().st_mode & 0o777 for path in (offer, place)} == {0o600}
    assert offer.parent.stat().st_mode & 0o777 == 0o700


Change = Callable[[dict[str, Any]], Any]


def _with(**members: Any) -> Change:
    return lambda record: {**record, **members}


FORGED: dict[str, Change] = {
    "no object": lambda record: [record],
    "nothing": lambda record: None,
    "another version": _with(schema_version=2),
    "a true version": _with(schema_version=True),
    "another message": _with(message_id=OTHER),
    "no door": _with(door="", transcript=""),
    "a door that is none": _with(door=7, transcript=7),
    "no time": _with(at=None),
    "a true time": _with(at=True),
    "an infinite time": _with(at=1e999),
    "no number": _with(attempt="1", line="7"),
    "none before the first": _with(attempt=0, line=0),
    "less than none": _with(attempt=-1, line=-7),
    "too large a number": _with(attempt=0, line=LINE_LIMIT),
    "a path that no system opens": _with(door="", transcript="/" * (TRANSCRIPT_MAX_CHARS + 1)),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_forged_record_counts_as_none(files: Kept, forge: Change) -> None:
    files.evidence.offered(OFFER)
    files.evidence.found(PLACE)
    for path in Path(files.disk.layout.evidence).iterdir():
        path.write_text(json.dumps(forge(json.loads(path.read_bytes()))), encoding="utf-8")

    assert files.evidence.offer_of(ID) is None
    assert files.evidence.context_of(ID) is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff" * 99, b"[" * 9_999, b" " * 70_000 + b"{}"], ids=range(5)
)
def test_a_torn_or_enormous_record_counts_as_none(files: Kept, content: bytes) -> None:
    os.makedirs(files.disk.layout.evidence)
    for kind in "oc":
        Path(files.disk.layout.evidence, f"{kind}-{ID}").write_bytes(content)

    assert files.evidence.offer_of(ID) is None
    assert files.evidence.context_of(ID) is None


def test_what_is_no_file_is_never_followed_and_never_waited_on(files: Kept, tmp_path: Path) -> None:
    folder = Path(files.disk.layout.evidence)
    folder.mkdir(parents=True)
    real = tmp_path / "real"
    real.write_text(json.dumps({"schema_version": 1, **OFFER._asdict()}), encoding="utf-8")
    (folder / f"o-{ID}").symlink_to(real)
    os.mkfifo(folder / f"c-{ID}")

    assert files.evidence.offer_of(ID) is None
    assert files.evidence.context_of(ID) is None
    files.evidence.found(PLACE)  # the name is taken, and stays so
    assert files.evidence.context_of(ID) is None


def test_an_offer_that_cannot_be_kept_is_traced_and_a_place_is_an_error(files: Kept) -> None:
    os.makedirs(files.disk.layout.home)
    Path(files.disk.layout.evidence).write_text("in the way", encoding="utf-8")

    files.evidence.offered(OFFER)

    assert files.trace.named("offer_not_kept")[0]["message_id"] == ID
    with pytest.raises(StoreError):
        files.evidence.found(PLACE)


def test_the_sweep_leaves_what_is_no_record(files: Kept) -> None:
    folder = Path(files.disk.layout.evidence)
    folder.mkdir(parents=True)
    for name in ("notes", f"x-{ID}", "o-short", f"o-{ID}.bak"):
        (folder / name).write_text("kept", encoding="utf-8")

    files.pass_time(2 * RECORD_KEEP_SECONDS + 100_000_000)

    assert len(list(folder.iterdir())) == 4
