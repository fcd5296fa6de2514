"""The worked examples of the on-disk names, and names that must not leave their folder."""

from __future__ import annotations

import pytest

from oxtail.core import names

S = "11111111-1111-4111-8111-111111111111"
T = "22222222-2222-4222-8222-222222222222"


@pytest.mark.parametrize(
    ("session_id", "box", "ledger"),
    [
        (
            "019e9e9b-765c-7e21-abd5-a0b649473c42",
            "s-019e9e9b-765c-7e21-abd5-a0b649473c42-ebf780b4",
            "ebf780b499c14dcce8b401620c4337ed",
        ),
        ("naïve/sess🦊", "s-na_ve_sess__-91fdc2ae", "91fdc2aebdeb5691b60861318a3226f9"),
        ("x" * 100 + "1", f"s-{'x' * 40}-41081bf5", "41081bf5b45bc112dea69ec317ca823d"),
        (S, f"s-{S}-bd7662a5", "bd7662a5eeb41614e720d477abfcb227"),
    ],
)
def test_boxes_and_ledgers_have_the_names_of_the_worked_examples(
    session_id: str, box: str, ledger: str
):
    assert names.session_box(session_id) == box
    assert names.hash32(session_id) == ledger


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (S, "00112233445566ff", "a993b6cbbc32e37a9330e41c7928f028"),
        (S, "ffeeddccbbaa9988", "8d04d60ebf555546c72940f2a7a35d9d"),
        (S, "aabbccddeeff0011", "7d58a696a7ff32ae4b515b53d91dcad1"),
        ("\ud83e", "x", "c085a182a41d4eaaa474bc4dcaac0e39"),
    ],
)
def test_records_of_a_pair_have_the_names_of_the_worked_examples(
    first: str, second: str, expected: str
):
    assert names.pair_hash32(first, second) == expected


def test_the_other_hashes_are_those_of_the_worked_examples():
    assert names.hash32(f"codex /home/u/proj {S}") == "222f26884462407522b3ca4ecca669f2"
    assert names.hash32(T) == "b454f82c5857ebabf342b7258e5cf7de"
    assert names.completion_id("00000000000000ac") == "8095d1cfacf2d450"


@pytest.mark.parametrize(
    ("session_id", "ledger"),
    [
        ("a\ud83eb", "05087813392efc16fe8ff448920c6328"),
        ("\ud83e", "83d544ccc223c057d2bf80d3f2a32982"),
        ("x\udd8a\ud83e", "a7609f0eff3359d8744910014f4d8a38"),
        ("\ud83e\U0001f98a", "bd02465a107d95a6657c754da0577025"),
        ("\ufeffabc", "1c28dc3f1f804a1ad9c9b4b4cf5e2658"),
    ],
)
def test_lone_surrogates_and_byte_order_marks_hash_as_in_node(session_id: str, ledger: str):
    assert names.hash32(session_id) == ledger


def test_a_character_of_two_units_is_cut_between_them():
    assert names.session_box("x" * 39 + "🦊") == f"s-{'x' * 39}_-aa0bd2df"


def test_different_ids_of_equal_readable_part_have_different_boxes():
    assert names.safe_name("a/b") == names.safe_name("a.b")
    assert names.session_box("a/b") != names.session_box("a.b")


def test_an_empty_session_id_has_no_box():
    with pytest.raises(ValueError, match="empty"):
        names.session_box("")


@pytest.mark.parametrize("pid", [0, -1])
def test_a_process_box_needs_a_process(pid: int):
    with pytest.raises(ValueError, match="positive"):
        names.pid_box(pid)


@pytest.mark.parametrize(
    "name",
    [
        "../../escape",
        "s-",
        "s-has/slash",
        "plain-name",
        "",
        "0",
        "0123",
        "s-a\n",
        "12\n",
        "s-é",
        "\u0661",
    ],
)
def test_what_is_no_box_name_is_never_opened(name: str):
    assert not names.is_box(name)
    with pytest.raises(ValueError, match="not a box name"):
        names.check_box(name)


@pytest.mark.parametrize("name", ["1", "19264", names.session_box("../../x")])
def test_box_names_of_both_kinds_pass(name: str):
    assert names.check_box(name) == name


@pytest.mark.parametrize(
    ("text", "pid"), [("123", 123), ("0123", None), ("", None), ("12a", None), ("-1", None)]
)
def test_a_process_id_has_one_spelling(text: str, pid: int | None):
    assert names.parse_pid(text) == pid


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0f3c9a1be2d47758", True),
        ("0F3C9A1BE2D47758", False),
        ("0f3c9a1be2d4775", False),
        ("0f3c9a1be2d47758\n", False),
        (None, False),
        (1234567812345678, False),
    ],
)
def test_a_message_id_is_sixteen_lower_case_hex_digits(text: object, expected: bool):
    assert names.is_message_id(text) is expected


def test_only_lower_case_is_uuid_shaped():
    assert names.is_uuid_shape(S)
    assert names.is_uuid_shape("-" * 36)
    assert not names.is_uuid_shape("A" + S[1:])
    assert not names.is_uuid_shape(S + "0")
