"""JSON in the form that Node and the shell hooks read and write."""

from __future__ import annotations

import pytest

from oxtail.core import codec


def test_a_line_is_compact_raw_utf8_and_ends_with_one_newline():
    assert codec.encode_line({"a": [1, "é/"], "b": None}) == '{"a":[1,"é/"],"b":null}\n'.encode()


def test_a_file_has_one_member_a_line_and_no_last_newline():
    assert codec.encode_pretty({"a": {"b": 1}}) == b'{\n  "a": {\n    "b": 1\n  }\n}'


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\b\t\n\f\r", rb'"\b\t\n\f\r"'),
        ("\x00\x1f", rb'"\u0000\u001f"'),
        ("\x7f\u2028\u2029\x85", '"\x7f\u2028\u2029\x85"'.encode()),
        ('"\\/', rb'"\"\\/"'),
        ("\ud83e", rb'"\ud83e"'),
        ("a\udd8ab", rb'"a\udd8ab"'),
        ("\ud83e\U0001f98a", rb'"\ud83e' + "\U0001f98a".encode() + b'"'),
    ],
)
def test_strings_are_written_as_node_writes_them(text: str, written: bytes):
    assert codec.encode_compact(text) == written


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", '{"a":NaN}', "[1,Infinity]"])
def test_constants_that_are_not_json_are_refused(text: str):
    with pytest.raises(ValueError, match="not JSON"):
        codec.decode(text)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [float("-inf")]}])
def test_numbers_without_a_json_form_are_not_written(value: object):
    with pytest.raises(ValueError, match="JSON"):
        codec.encode_line(value)


def test_a_number_beyond_all_floats_can_be_read_and_written_again():
    assert codec.encode_compact(codec.decode('{"a":1e400,"b":-1e400,"c":2.5}')) == (
        b'{"a":null,"b":null,"c":2.5}'
    )


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xef\xbb\xbf{}", b"[1 2]", b"'a'", b"{} {}", b"[" * 100_000]
)
def test_what_is_not_json_is_a_value_error(data: bytes):
    with pytest.raises(ValueError, match=r"\w"):
        codec.decode(data)


def test_invalid_utf8_is_replaced_as_node_replaces_it():
    data = b'"a\xff\xc3(\xe2\x82A\xf0\x9f\xa6"'
    assert codec.decode(data) == "a\ufffd\ufffd(\ufffdA\ufffd"


def test_lines_end_at_the_newline_byte_only():
    data = "a\u2028b\u2029c\x85d\re\x0bf\x0c\n\n\ng\n".encode()
    assert codec.split_lines(data) == ["a\u2028b\u2029c\x85d\re\x0bf\x0c".encode(), b"g"]


@pytest.mark.parametrize(
    ("value", "expected"), [(1, True), (1.0, True), (True, False), ("1", False)]
)
def test_schema_one_is_the_number_one(value: object, expected: bool):
    assert codec.is_schema_one(value) is expected


@pytest.mark.parametrize(("text", "size"), [("", 0), ("é", 2), ("🦊", 4), ("\ud83e", 3)])
def test_lengths_count_utf8_and_three_for_a_lone_surrogate(text: str, size: int):
    assert codec.utf8_length(text) == size
