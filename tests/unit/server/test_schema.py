"""Arguments of tools: what is sent as schema is what is checked."""

from __future__ import annotations

import math

import pytest

from oxtail.errors import BadArgument
from oxtail.server.catalog import TOOLS
from oxtail.server.schema import Body, Choice, Flag, Integer, Text, check, object_schema

FIELDS = {tool.name: tool.fields for tool in TOOLS}
UUID = "11111111-1111-4111-8111-111111111111"

GOOD = {
    "list_project_sessions": {},
    "read_session": {"name": "a"},
    "register_my_session": {"session_id": UUID},
    "claim_session": {"session_id": UUID},
    "get_my_session": {},
    "set_my_state": {},
    "send_message": {"target": "a", "body": "b"},
    "reply_to_message": {"message_id": "0" * 16, "body": "b"},
    "read_my_messages": {},
    "ask_peer": {"target": "a", "body": "b"},
    "message_status": {"message_id": "0" * 16},
}


def refusal(tool: str, **arguments: object) -> str:
    with pytest.raises(BadArgument) as caught:
        check(FIELDS[tool], {**GOOD[tool], **arguments})
    return caught.value.field


@pytest.mark.parametrize("tool", GOOD)
def test_the_least_that_a_tool_needs_is_enough(tool):
    assert check(FIELDS[tool], GOOD[tool]) == GOOD[tool]


@pytest.mark.parametrize("tool", GOOD)
def test_each_required_argument_is_required_by_name(tool):
    for name in GOOD[tool]:
        rest = {key: value for key, value in GOOD[tool].items() if key != name}
        with pytest.raises(BadArgument) as caught:
            check(FIELDS[tool], rest)
        assert caught.value.field == name


@pytest.mark.parametrize("tool", GOOD)
@pytest.mark.parametrize("value", [[], {}, [1], {"a": 1}])
def test_a_structure_is_no_argument(tool, value):
    for field in FIELDS[tool]:
        assert refusal(tool, **{field.name: value}) == field.name


@pytest.mark.parametrize("tool", GOOD)
def test_a_number_is_no_text_and_text_is_no_number(tool):
    for field in FIELDS[tool]:
        wrong = "5" if isinstance(field, (Integer, Flag)) else 5
        assert refusal(tool, **{field.name: wrong}) == field.name


def test_unknown_arguments_are_ignored_and_null_is_left_out():
    given = {**GOOD["send_message"], "origin": "operator", "wake": None, "reply_to": None}
    assert check(FIELDS["send_message"], given) == GOOD["send_message"]


def test_a_null_where_something_is_required_is_missing():
    assert refusal("send_message", target=None) == "target"


@pytest.mark.parametrize(
    ("body", "fits"),
    [
        ("x" * 8192, True),
        ("x" * 8193, False),
        ("é" * 4096, True),
        ("é" * 4096 + "x", False),
        ("😀" * 2048, True),
        ("😀" * 2049, False),
        ("\ud800" * 2730, True),
        ("\ud800" * 2731, False),
        ("\x00\x1b\n\u2028", True),
        ("", False),
    ],
)
def test_a_body_is_bounded_in_bytes_and_any_character_is_legal(body, fits):
    given = {"target": "a", "body": body}
    if fits:
        assert check(FIELDS["send_message"], given)["body"] == body
    else:
        assert refusal("send_message", body=body) == "body"


@pytest.mark.parametrize(
    "session_id", ["", "x" * 201, "a\nb", "a\x00b", "\x7f", "\x85", "a\ud800", "\x1b[0m"]
)
@pytest.mark.parametrize("tool", ["register_my_session", "claim_session"])
def test_a_hostile_session_id_is_refused(tool, session_id):
    assert refusal(tool, session_id=session_id) == "session_id"


@pytest.mark.parametrize("session_id", ["x" * 200, "../../etc/passwd", "*?[a]", "é", "A B"])
def test_an_odd_session_id_is_the_clients_own_business(session_id):
    given = {"session_id": session_id}
    assert check(FIELDS["claim_session"], given) == given


def test_a_path_or_target_with_a_nul_is_refused():
    assert refusal("list_project_sessions", project_root="/a\x00b") == "project_root"
    assert refusal("send_message", target="a\x00b") == "target"
    assert refusal("read_session", name="a\x00b") == "name"


def test_an_empty_project_root_is_left_out():
    assert check(FIELDS["list_project_sessions"], {"project_root": ""}) == {}


def test_a_purpose_may_be_empty_and_has_at_most_200_characters():
    fields = FIELDS["set_my_state"]
    assert check(fields, {"purpose": ""}) == {"purpose": ""}
    assert check(fields, {"purpose": "p" * 200}) == {"purpose": "p" * 200}
    assert refusal("set_my_state", purpose="p" * 201) == "purpose"


def test_a_message_id_of_a_status_is_sixteen_hex_digits():
    for wrong in ("", "0" * 15, "0" * 17, "G" * 16, "A" * 16, "0" * 16 + "\n"):
        assert refusal("message_status", message_id=wrong) == "message_id"


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (5, 5),
        (5.0, 5),
        (0, 1),
        (-1e300, 1),
        (10**400, 1000),
        (1001, 1000),
        (math.inf, None),
        (-math.inf, None),
        (math.nan, None),
    ],
)
def test_numbers_of_read_session_are_clamped(given, taken):
    expected = {"name": "a"} if taken is None else {"name": "a", "limit": taken}
    checked = check(FIELDS["read_session"], {"name": "a", "limit": given})
    assert checked == expected
    assert type(checked.get("limit", 0)) is int


@pytest.mark.parametrize("given", [True, False, 2.5, "5"])
def test_what_is_no_whole_number_is_refused(given):
    assert refusal("read_session", limit=given) == "limit"


@pytest.mark.parametrize("given", [0, -1, 300_001, math.inf, math.nan, 1.5, True, 10**400])
def test_a_wait_out_of_range_is_refused(given):
    assert refusal("ask_peer", timeout_ms=given) == "timeout_ms"


def test_a_choice_is_one_of_its_words():
    assert refusal("send_message", wake="AUTO") == "wake"
    assert refusal("send_message", wake=True) == "wake"
    assert refusal("read_session", mode="") == "mode"


def test_the_schema_names_what_is_checked():
    fields = (
        Text("t", 5, required=True, tells_limit=True, pattern="a+"),
        Body("b"),
        Choice("c", ("x", "y"), note="which"),
        Flag("f"),
        Integer("i", 1, 9),
        Integer("j", 1, 9, clamps=True),
    )
    assert object_schema(fields) == {
        "type": "object",
        "properties": {
            "t": {"type": "string", "maxLength": 5, "pattern": "^a+$"},
            "b": {"type": "string"},
            "c": {"type": "string", "enum": ["x", "y"], "description": "which"},
            "f": {"type": "boolean"},
            "i": {"type": "integer", "minimum": 1, "maximum": 9},
            "j": {"type": "integer"},
        },
        "required": ["t", "b"],
    }
