"""Messages as lines, and lines that are none."""

from __future__ import annotations

import json

import pytest

from oxtail.core import envelope as envelopes
from oxtail.core.envelope import Envelope
from oxtail.errors import BadArgument, DamagedRecord

EXAMPLE = (
    b'{"schema_version":1,"id":"0f3c9a1be2d47758","body":"please run the linter",'
    b'"enqueued_at":1780000000,"body_bytes":21,"origin":"peer",'
    b'"from_session_id":"3b0e2c1e-7d7a-4c55-9a42-0c4b7f0f9d11","request_id":"8a7b6c5d4e3f2011"}\n'
)

FULL = Envelope(
    id="00000000000000ac",
    body="b",
    enqueued_at=1,
    origin="operator",
    from_session_id="f",
    request_id="q",
    reply_to="r",
    source_message_id="m",
    operator_source="oxpit",
    action_required=True,
    extra=(("obligation", {"state": "done"}), ("x", None)),
)


def line(**members: object) -> bytes:
    base: dict[str, object] = {"schema_version": 1, "id": "0f3c9a1be2d47758", "body": "b"}
    return json.dumps({**base, **members}).encode()


def test_the_worked_example_is_written_byte_for_byte():
    message = Envelope(
        id="0f3c9a1be2d47758",
        body="please run the linter",
        enqueued_at=1_780_000_000,
        from_session_id="3b0e2c1e-7d7a-4c55-9a42-0c4b7f0f9d11",
        request_id="8a7b6c5d4e3f2011",
    )
    assert envelopes.encode(message) == EXAMPLE
    assert envelopes.decode(EXAMPLE) == message


def test_members_stand_in_protocol_order_and_extensions_after_them():
    assert list(FULL.as_dict()) == [
        "schema_version",
        "id",
        "body",
        "enqueued_at",
        "body_bytes",
        "origin",
        "from_session_id",
        "request_id",
        "reply_to",
        "source_message_id",
        "operator_source",
        "action_required",
        "obligation",
        "x",
    ]


def test_an_extractor_that_takes_the_third_member_finds_the_body():
    assert list(FULL.as_dict())[2] == "body"
    assert envelopes.encode(FULL).startswith(
        b'{"schema_version":1,"id":"00000000000000ac","body":"'
    )


def test_empty_optional_members_are_left_out_and_read_as_absent():
    assert "reply_to" not in Envelope("0" * 16, "b", 1, reply_to="").as_dict()
    assert envelopes.decode(line(reply_to="")).reply_to is None


def test_false_is_never_written_for_action_required():
    assert "action_required" not in Envelope("0" * 16, "b", 1).as_dict()
    assert not envelopes.decode(line(action_required=1)).action_required


@pytest.mark.parametrize(
    "identifier", ["", "0" * 15, "0" * 17, "G" * 16, "A" * 16, '0","body":"x', "0" * 16 + "\n"]
)
def test_a_line_that_readers_would_not_know_is_not_written(identifier: str):
    with pytest.raises(ValueError, match="message id"):
        envelopes.encode(Envelope(identifier, "b", 1))


def test_a_line_that_readers_would_call_damage_is_not_written():
    with pytest.raises(ValueError, match="too long"):
        envelopes.encode(Envelope("0" * 16, "x" * envelopes.LINE_MAX_BYTES, 1))


@pytest.mark.parametrize(
    "body", ['"quotes"', "back\\slash", "a\nb", "🦊", "\x00\x85\u2028", "\ud83e"]
)
def test_awkward_bodies_survive(body: str):
    written = envelopes.encode(Envelope("0" * 16, body, 1))
    assert written.count(b"\n") == 1
    assert envelopes.decode(written).body == body


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   ",
        b"null",
        b"[]",
        b"1",
        b'{"schema_version":1,"id":"0f3c9a1be2d47758"}',
        line(schema_version=True),
        line(schema_version="1"),
        line(schema_version=2),
        line(id=1),
        line(body=None),
        line()[:-1],
        line(enqueued_at=1).replace(b": 1}", b": NaN}"),
        b"[" * 5000,
        line(body="x" * envelopes.LINE_MAX_BYTES),
    ],
)
def test_what_is_no_message_is_damage(data: bytes):
    with pytest.raises(DamagedRecord):
        envelopes.decode(data)


def test_schema_one_point_nought_is_schema_one():
    assert envelopes.decode(line(schema_version=1.0)).body == "b"


def test_readers_accept_any_string_as_id():
    assert envelopes.decode(line(id="whatever")).id == "whatever"


@pytest.mark.parametrize("members", [{"reply_to": 5}, {"from_session_id": ["x"]}, {"origin": {}}])
def test_an_optional_member_of_the_wrong_type_counts_as_absent(members: dict[str, object]):
    message = envelopes.decode(line(**members))
    assert (message.reply_to, message.from_session_id, message.origin) == (None, None, "peer")


@pytest.mark.parametrize("text", ["1e400", "-1e400", "-5", "true", '"x"', "null", "1e300", "{}"])
def test_a_time_stamp_that_is_none_counts_as_nought(text: str):
    data = line(enqueued_at=777).replace(b"777", text.encode())
    assert envelopes.decode(data).enqueued_at == 0


def test_a_fraction_of_a_second_is_dropped():
    assert envelopes.decode(line(enqueued_at=12.9)).enqueued_at == 12


def test_the_body_length_is_counted_and_never_believed():
    assert envelopes.decode(line(body="é", body_bytes=7)).body_bytes == 2


def test_unknown_members_are_kept_and_written_last():
    message = envelopes.decode(line(zzz=[1, {"a": None}], aaa="x"))
    assert list(message.as_dict())[-2:] == ["zzz", "aaa"]


def test_an_extension_that_is_nested_too_deeply_is_left_out_and_the_message_stays():
    message = envelopes.decode(line(deep=0, flat=1).replace(b": 0", b":" + b"[" * 400 + b"]" * 400))
    assert message.extra == (("flat", 1),)


@pytest.mark.parametrize("body", ["x", "x" * 8192, "é" * 4096, "\ud83e" * 2730])
def test_a_body_of_up_to_8192_bytes_may_be_sent(body: str):
    assert envelopes.check_body(body) == body


@pytest.mark.parametrize("body", ["", "x" * 8193, "é" * 4096 + "x", "\ud83e" * 2731, None, b"x", 5])
def test_any_other_body_is_refused_naming_the_field(body: object):
    with pytest.raises(BadArgument) as caught:
        envelopes.check_body(body, "reason")
    assert caught.value.fields == {"field": "reason"}
