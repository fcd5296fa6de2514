"""What is sealed, what is refused, and what nobody on the way can bring about."""

from __future__ import annotations

import base64
import stat
from pathlib import Path
from typing import Any

import pytest

from helpers.capabilities import needs
from helpers.fakes import FakeTrace
from oxtail.core import codec, remote
from oxtail.disk.atomic import Disk
from oxtail.errors import ConfigError
from oxtail.store.nats import seal
from oxtail.store.nats.encoding import PAYLOAD_MAX_BYTES, Unreadable
from oxtail.store.nats.seal import KeyRefused, Keyring

pytestmark = needs("nacl")

A, B, C = "a" * 16, "b" * 16, "c" * 16
DATA = b'{"v":1,"kind":"mail","body":"between us"}'
KEY = "ab" * 32


def disk(path: Path) -> Disk:
    return Disk(str(path), fsync=False, trace=FakeTrace())


class Ends:
    """Two hosts that know each other."""

    def __init__(self, path: Path) -> None:
        self.disks = {A: disk(path / "a"), B: disk(path / "b")}
        self.a, self.b = Keyring(self.disks[A], A), Keyring(self.disks[B], B)
        assert self.a.heard(B, self.b.public) is None
        assert self.b.heard(A, self.a.public) is None


@pytest.fixture
def ends(tmp_path: Path) -> Ends:
    return Ends(tmp_path)


def box_of(payload: bytes) -> bytes:
    return base64.b64decode(codec.decode(payload)["box"])


def sealed(box: bytes | str, /, **members: Any) -> bytes:
    text = box if isinstance(box, str) else base64.b64encode(box).decode()
    return codec.encode_compact({"v": 1, "kind": "sealed", "box": text, **members})


def test_what_is_sealed_is_opened_by_its_receiver_only(ends: Ends, tmp_path: Path) -> None:
    payload = ends.a.seal(B, DATA)
    assert b"between us" not in payload
    assert b"between us" not in box_of(payload)
    assert ends.b.open(A, payload) == DATA
    eve = Keyring(disk(tmp_path / "c"), C)
    eve.heard(A, ends.a.public)
    assert isinstance(eve.open(A, payload), Unreadable)


def test_a_host_without_a_key_gets_mail_as_it_is(ends: Ends) -> None:
    ends.a.heard(C, None)
    assert ends.a.seal(C, DATA) == DATA
    assert ends.a.open(C, DATA) == DATA


@pytest.mark.parametrize("key", [None, KEY])
def test_another_key_or_none_holds_mail_back_until_a_person_accepts_it(
    ends: Ends, key: str | None
) -> None:
    told = ends.a.heard(B, key)
    assert told
    assert remote.fingerprint(str(ends.b.public)) in told
    assert ends.a.heard(B, key) is None, "told once"
    with pytest.raises(KeyRefused):
        ends.a.seal(B, DATA)
    if key:
        seal.trust(ends.disks[A], B, key)
    else:
        assert seal.forget(ends.disks[A], B)
        assert not seal.forget(ends.disks[A], B)
    assert (ends.a.seal(B, DATA) == DATA) is (key is None)


def test_a_key_that_changes_is_not_taken_by_a_new_carrier_either(ends: Ends) -> None:
    later = Keyring(ends.disks[A], A)
    assert later.public == ends.a.public
    assert later.heard(B, KEY)
    with pytest.raises(KeyRefused):
        later.seal(B, DATA)


def test_who_has_sealed_is_not_believed_unsealed(ends: Ends) -> None:
    assert ends.b.open(A, DATA) == DATA, "it may have been sent before the keys were known"
    assert ends.b.open(A, ends.a.seal(B, DATA)) == DATA
    refused = ends.b.open(A, DATA)
    assert isinstance(refused, Unreadable)
    assert not refused.is_newer
    seal.trust(ends.disks[B], A, KEY)
    assert isinstance(Keyring(ends.disks[B], B).open(A, DATA), Unreadable), "nor after trust"


def test_without_the_package_nothing_goes_out_open(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = ends.b.seal(A, DATA)
    monkeypatch.setitem(__import__("sys").modules, "nacl.public", None)
    bare = Keyring(ends.disks[A], A)
    assert bare.public is None
    with pytest.raises(KeyRefused):
        bare.seal(B, DATA)
    found = bare.open(B, payload)
    assert isinstance(found, Unreadable)
    assert found.is_newer


def test_a_payload_cannot_be_sent_back_or_to_a_third(ends: Ends) -> None:
    payload = ends.a.seal(B, DATA)
    back = ends.a.open(B, payload)  # the keys of two hosts are the same both ways
    assert isinstance(back, Unreadable)
    assert isinstance(ends.b.open(C, payload), Unreadable)


def test_a_single_flipped_bit_is_noticed(ends: Ends) -> None:
    box = box_of(ends.a.seal(B, DATA))
    for place in range(len(box)):
        bent = bytearray(box)
        bent[place] ^= 1
        assert isinstance(ends.b.open(A, sealed(bytes(bent))), Unreadable), place


@pytest.mark.parametrize(
    "payload",
    [
        sealed(""),
        sealed("%%%"),
        sealed("é"),
        sealed(b"\0" * 23),
        sealed(b"\0" * 24),
        sealed(b"\0" * 40),
        sealed(b"\0" * 500_000),
        sealed(b"", box=None),
        sealed(b"", box=[1]),
        sealed(b"", box={"x": "y"}),
    ],
)
def test_what_is_no_box_is_unreadable(ends: Ends, payload: bytes) -> None:
    assert isinstance(ends.b.open(A, payload), Unreadable)
    assert isinstance(ends.b.open(C, payload), Unreadable)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b"{}"])
def test_what_is_not_sealed_is_left_to_whoever_decodes_it(ends: Ends, data: bytes) -> None:
    assert ends.b.open(A, data) == data


def test_a_payload_of_the_largest_size_is_refused_sealed_and_not_cut(ends: Ends) -> None:
    with pytest.raises(ValueError, match="too large"):
        ends.a.seal(B, b"x" * PAYLOAD_MAX_BYTES)


def test_keys_are_private_and_a_damaged_one_is_not_replaced(ends: Ends, tmp_path: Path) -> None:
    files = [tmp_path / "a/nats/key.json", tmp_path / f"a/nats/keys/{B}.json"]
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    files[1].write_text('{"schema_version": 1, "key": "short"}')
    with pytest.raises(KeyRefused):
        ends.a.seal(B, DATA)
    assert isinstance(ends.a.open(B, DATA), Unreadable)
    files[0].write_text("{")
    with pytest.raises(ConfigError):
        Keyring(ends.disks[A], A)
    files[0].write_text('{"schema_version": 1, "key": "%s"}' % ("0" * 64))
    files[0].chmod(0o644)
    with pytest.raises(ConfigError):
        Keyring(ends.disks[A], A)


@pytest.mark.parametrize("key", ["", "x", "AB" * 32, "ab" * 31, "ab" * 33])
def test_what_is_no_key_cannot_be_accepted(ends: Ends, key: str) -> None:
    with pytest.raises(ConfigError):
        seal.trust(ends.disks[A], B, key)


@pytest.mark.parametrize("host", ["", "../x", "A" * 16, "a" * 15])
def test_a_host_name_cannot_leave_the_folder(ends: Ends, host: str) -> None:
    with pytest.raises(ValueError, match="host"):
        seal.trust(ends.disks[A], host, KEY)


@pytest.mark.parametrize("key", ["00" * 32, "01" + "00" * 31])
def test_a_key_that_would_make_the_secret_known_seals_nothing(ends: Ends, key: str) -> None:
    ends.a.heard(C, key)
    with pytest.raises(KeyRefused):
        ends.a.seal(C, DATA)
    assert isinstance(ends.a.open(C, sealed(b"\0" * 100)), Unreadable)


def test_a_fingerprint_is_short_and_of_all_of_the_key() -> None:
    assert len(remote.fingerprint(KEY).split()) == 8
    assert remote.fingerprint(KEY) != remote.fingerprint(KEY[:-1] + "c")
