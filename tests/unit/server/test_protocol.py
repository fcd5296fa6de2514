"""What a well-formed message is."""

from __future__ import annotations

import json

import pytest

from oxtail.server import protocol
from oxtail.server.protocol import Fault, Notification, Request, parse


def request(**members) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping", **members}).encode()


def test_a_request_has_its_id_method_and_parameters():
    assert parse(request(params={"a": 1})) == Request(1, "ping", {"a": 1})
    assert parse(request(id="x")) == Request("x", "ping", {})
    assert parse(request(params=None)) == Request(1, "ping", {})
    assert parse(request() + b"\r") == Request(1, "ping", {})


def test_a_notification_has_no_id():
    line = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'
    assert parse(line) == Notification("notifications/initialized", {})


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"  \r",
        b'{"jsonrpc":"2.0","id":1,"result":{}}',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}',
        b'{"jsonrpc":"1.0","method":"m"}',
        b'{"method":"m"}',
        b'{"jsonrpc":"2.0","method":"m","params":[1]}',
        b'{"jsonrpc":"2.0","method":"m","params":"x"}',
    ],
)
def test_empty_lines_answers_and_malformed_notifications_ask_for_nothing(line):
    assert parse(line) is None


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"hello",
        b'{"a":1,}',
        b"\xff\xfe",
        b'{"jsonrpc":"2.0","id":1,"method":"\xff"}',
        b"\xef\xbb\xbf" + request(),
        b'{"id":NaN}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"id":' + b"9" * 5_000 + b"}",
        b"\x00",
    ],
)
def test_what_is_not_json_is_a_parse_error(line):
    assert parse(line) == Fault(None, protocol.PARSE_ERROR, "not JSON in UTF-8")


@pytest.mark.parametrize("line", [b"1", b"null", b'"x"', b"true", b"[]", b"[" + request() + b"]"])
def test_a_batch_or_a_bare_value_is_an_invalid_request(line):
    fault = parse(line)
    assert isinstance(fault, Fault)
    assert (fault.id, fault.code) == (None, protocol.INVALID_REQUEST)


@pytest.mark.parametrize("identifier", [None, True, False, 1.5, 1.0, [], {}, [1]])
def test_an_id_is_a_string_or_an_integer(identifier):
    fault = parse(request(id=identifier))
    assert isinstance(fault, Fault)
    assert (fault.id, fault.code) == (None, protocol.INVALID_REQUEST)


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"jsonrpc": "1.0"}, protocol.INVALID_REQUEST),
        ({"jsonrpc": 2.0}, protocol.INVALID_REQUEST),
        ({"method": 5}, protocol.INVALID_REQUEST),
        ({"method": None}, protocol.INVALID_REQUEST),
        ({"params": []}, protocol.INVALID_PARAMS),
        ({"params": "x"}, protocol.INVALID_PARAMS),
        ({"params": 0}, protocol.INVALID_PARAMS),
    ],
)
def test_a_malformed_request_is_refused_under_its_id(members, code):
    fault = parse(request(**members))
    assert isinstance(fault, Fault)
    assert (fault.id, fault.code) == (1, code)


def test_known_revisions_are_spoken_and_others_get_the_newest():
    for version in protocol.VERSIONS:
        assert protocol.agreed_version(version) == version
    for offer in ("2026-07-28", "", "1999", None, 7, [], {}):
        assert protocol.agreed_version(offer) == "2025-11-25"


def test_an_answer_is_one_line_whatever_it_holds():
    hostile = "a\nb\u2028c\ud800d\x00"
    line = protocol.encode_result("id\n", {"x": hostile})
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert json.loads(line) == {"jsonrpc": "2.0", "id": "id\n", "result": {"x": hostile}}
