"""What hosts say to each other, and how much of it is believed."""

from __future__ import annotations

import pytest

from oxtail.core import codec, remote
from oxtail.core.remote import Mail, RemoteHost, RemoteSession, Report
from oxtail.store.nats import encoding, subjects
from oxtail.store.nats.encoding import Unreadable

A, B = "a" * 16, "b" * 16
ENVELOPE = {"schema_version": 1, "id": "0" * 16, "body": "hello"}


def payload(**members: object) -> bytes:
    whole = {"v": 1, "kind": "mail", "to": {"session_id": "bob"}, "envelope": ENVELOPE}
    return codec.encode_compact({**whole, **members})


def test_the_least_that_a_peer_may_say_is_understood():
    found = encoding.decode(payload())
    assert isinstance(found, Mail)
    assert (found.to, found.project, found.envelope.body) == ("bob", None, "hello")


def test_members_that_are_unknown_are_no_reason_to_refuse():
    assert isinstance(encoding.decode(payload(later={"x": [1]})), Mail)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        payload(v=0),
        payload(v=True),
        payload(v="1"),
        payload(to=None),
        payload(to={"session_id": ""}),
        payload(to={"session_id": "x" * 201}),
        payload(to={"session_id": "a\nb"}),
        payload(envelope={}),
        payload(envelope={**ENVELOPE, "id": "../../etc"}),
        payload(envelope={**ENVELOPE, "from_session_id": "a\x1b[2J"}),
        payload(kind=7),
        payload(kind="receipt"),
        payload(kind="receipt", receipt={"message_id": "x", "stage": "shown"}),
        b'{"v":1' + b" " * encoding.PAYLOAD_MAX_BYTES + b"}",
        b"[" * 100_000,
    ],
)
def test_what_is_no_payload_is_refused_for_good(data: bytes):
    found = encoding.decode(data)
    assert isinstance(found, Unreadable)
    assert not found.is_newer


@pytest.mark.parametrize("data", [payload(v=2), payload(v=10**30), payload(kind="later")])
def test_what_a_newer_peer_says_may_be_understood_later(data: bytes):
    assert encoding.decode(data) == Unreadable(encoding.decode(data).problem, is_newer=True)


def test_a_receipt_with_an_odd_time_still_counts():
    members = {"message_id": "0" * 16, "stage": "shown", "at": -1, "via": "x" * 50}
    found = encoding.decode(codec.encode_compact({"v": 1, "kind": "receipt", "receipt": members}))
    assert found == Report("0" * 16, "shown", 0)


def test_mail_that_no_server_takes_is_refused_here():
    message = encoding.decode(payload())
    assert isinstance(message, Mail)
    big = message._replace(envelope=message.envelope._replace(body="x" * 1_000_000))
    with pytest.raises(ValueError, match="too large"):
        encoding.encode_mail(big)


def test_a_host_cannot_describe_another_one():
    host = remote.RemoteHost(A, "a", "1" * 16, 0)
    data = encoding.encode_host(host)
    assert isinstance(encoding.decode_host(data, B, 0), Unreadable)
    assert isinstance(encoding.decode_host(data, A, 1), Unreadable)
    assert encoding.decode_host(data, A, 0) == host


def test_of_the_earlier_ids_of_a_session_only_usable_ones_are_taken():
    ids = ["b", "a", "b", "s", "../x\n", "", 5, None, *(f"id-{n}" for n in range(100))]
    host = {**remote.RemoteHost(A, "a", "1" * 16, 0).as_dict()}
    for former, found in ((ids, ["b", "a"]), ("b", []), ({}, []), (None, [])):
        host["sessions"] = [{"session_id": "s", "former": former}]
        (session,) = remote.from_dict(host).sessions
        assert session.former[:2] == tuple(found)
        assert len(session.former) <= remote.FORMER_SAID
        assert session.session_id == "s"


def test_a_session_without_a_past_is_said_as_the_first_version_says_it():
    assert remote.RemoteSession("s").as_dict() == {
        "session_id": "s",
        "client_type": "unknown",
        "activity": "unknown",
        "live": True,
    }


def test_names_on_the_server_hold_no_text_of_others():
    for bad in ("", "*", ">", "a.b", "A" * 16, "g" * 16, "a" * 17):
        for name in (
            subjects.inbox_filter,
            subjects.consumer,
            subjects.inbox_prefix,
            lambda host: subjects.mail_subject(A, host),
            lambda host: subjects.presence_subject(host, 0),
        ):
            with pytest.raises(ValueError, match="host id"):
                name(bad)


@pytest.mark.parametrize(
    "reply",
    [
        "$JS.ACK.OXTAIL.h-x.2.30.4.1795357142000000000.5",
        "$JS.ACK._.hash.OXTAIL.h-x.2.30.4.1795357142000000000.5.random",
        "$JS.ACK.hub.hash.OXTAIL.h-x.2.30.4.1795357142000000000.5",
    ],
)
def test_a_delivery_says_its_place(reply: str):
    assert subjects.parse_ack(reply) == subjects.Delivery(30, 4, 2, 5)


def test_a_host_may_write_under_its_own_name_only():
    allowed = subjects.permissions(A)["publish"]["allow"]
    assert f"ox.m.*.{A}" in allowed
    assert all(A in subject or ".DIRECT.GET." in subject for subject in allowed)
    assert all(">" not in s or s.startswith("$JS.ACK.OXTAIL.h-" + A) for s in allowed)


class TestBeats:
    def test_a_beat_comes_back_as_it_was(self) -> None:
        beat = encoding.Beat("a" * 16, ("0" * 16, "f" * 16))
        assert encoding.decode_beat(encoding.encode_beat(beat)) == beat

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"[]",
            b"{",
            b'{"v":2,"instance":"aaaaaaaaaaaaaaaa","parts":["0000000000000000"]}',
            b'{"v":1,"instance":"A","parts":["0000000000000000"]}',
            b'{"v":1,"instance":"aaaaaaaaaaaaaaaa","parts":[]}',
            b'{"v":1,"instance":"aaaaaaaaaaaaaaaa","parts":["x"]}',
            b'{"v":1,"instance":"aaaaaaaaaaaaaaaa","parts":[1]}',
            b'{"v":1,"instance":"aaaaaaaaaaaaaaaa","parts":{}}',
            b'{"v":1,"instance":"aaaaaaaaaaaaaaaa","parts":["0000000000000000"'
            + b" " * 2000
            + b"]}",
        ],
    )
    def test_what_is_no_beat_is_none(self, data: bytes) -> None:
        assert isinstance(encoding.decode_beat(data), encoding.Unreadable)

    def test_the_digest_is_of_what_is_said_and_not_of_when(self) -> None:
        host = RemoteHost("a" * 16, "ann", "b" * 16, 5, sessions=(RemoteSession("s"),))
        assert encoding.digest_of(host) == encoding.digest_of(host._replace(at=9))
        assert encoding.digest_of(host) != encoding.digest_of(host._replace(name="bob"))
        assert encoding.is_digest(encoding.digest_of(host))

    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("1970-01-01T00:01:00Z", 60.0),
            ("1970-01-01T00:01:00.987654321Z", 60.0),
            ("1970-13-01T00:01:00Z", 0.0),
            ("yesterday", 0.0),
            (None, 0.0),
        ],
    )
    def test_times_of_the_server(self, text: str | None, seconds: float) -> None:
        assert encoding.unix_time(text) == seconds
