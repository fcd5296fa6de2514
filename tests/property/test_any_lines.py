"""Whatever a message holds, its line keeps the form that every reader relies on."""

from __future__ import annotations

import json
import re

from hypothesis import example, given
from hypothesis import strategies as st

from helpers.strategies import any_text, envelopes, json_values
from oxtail.core import codec, envelope
from oxtail.core.envelope import Envelope
from oxtail.errors import DamagedRecord
from oxtail.store.files.lines import having

START = re.compile(rb'\{"schema_version":1,"id":"[0-9a-f]{16}","body":"')


@given(envelopes)
def test_a_message_survives_its_line(message: Envelope):
    assert envelope.decode(envelope.encode(message)) == message


@given(envelopes)
def test_every_line_starts_as_readers_expect_and_ends_with_its_only_newline(message: Envelope):
    line = envelope.encode(message)
    assert START.match(line)
    assert line.index(b"\n") == len(line) - 1
    assert line.decode()


@given(envelopes)
def test_a_reader_in_another_language_sees_the_same_members(message: Envelope):
    assert json.loads(envelope.encode(message)) == message.as_dict()


@given(st.lists(envelopes, max_size=5))
def test_lines_of_a_box_come_apart_as_they_were_put_together(messages: list[Envelope]):
    data = b"".join(envelope.encode(message) for message in messages)
    assert [envelope.decode(line) for line in codec.split_lines(data)] == messages


@given(envelopes, any_text)
def test_an_id_that_is_none_is_refused(message: Envelope, identifier: str):
    try:
        line = envelope.encode(message._replace(id=identifier))
    except ValueError:
        return
    assert re.fullmatch("[0-9a-f]{16}", identifier)
    assert START.match(line)


@given(st.binary(max_size=200) | envelopes.map(envelope.encode), st.data())
@example(b'{"schema_version":1,"id":"x","body":"y","enqueued_at":1e999,"z":[-1e999]}', None)
def test_any_line_is_a_message_that_can_be_shown_or_it_is_damage(line: bytes, data: object):
    if isinstance(data, st.DataObject) and line:
        cut = data.draw(st.integers(0, len(line)))
        line = line[:cut] + data.draw(st.binary(max_size=3)) + line[cut + 1 :]
    try:
        message = envelope.decode(line)
    except DamagedRecord:
        return
    assert codec.encode_line(message.as_dict())


@given(json_values)
def test_any_record_that_was_read_is_a_message_that_can_be_shown_or_it_is_damage(value: object):
    base = value if isinstance(value, dict) else {"enqueued_at": value, "x": value}
    members = {**base, "schema_version": 1, "id": "i", "body": "b"}
    assert codec.encode_line(envelope.from_dict(members).as_dict())


@given(json_values)
def test_values_survive_all_three_forms(value: object):
    for encode in (codec.encode_line, codec.encode_compact, codec.encode_pretty):
        assert codec.decode(encode(value)) == value


@given(
    st.lists(
        st.lists(st.sampled_from([b"ab", b"a", b"x", b'"', b"\xff"]), max_size=6).map(b"".join)
    ),
    st.sampled_from([b"ab", b"a", b"xx", b""]),
    st.booleans(),
)
def test_lines_that_hold_something_are_found_without_the_others(
    raws: list[bytes], needle: bytes, ended: bool
):
    data = b"\n".join(raws) + (b"\n" if ended else b"")
    expected = [raw for raw in reversed(data.split(b"\n")) if needle and needle in raw]

    assert list(having(data, needle)) == expected
