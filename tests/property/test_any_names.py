"""No text from outside names a file outside its folder."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from helpers.strategies import any_text
from oxtail.core import names


@given(any_text.filter(bool))
def test_every_session_id_has_a_short_plain_box_name(session_id: str):
    box = names.session_box(session_id)
    assert re.fullmatch("s-[A-Za-z0-9_-]+-[0-9a-f]{8}", box)
    assert len(box) <= 51
    assert names.is_box(box)


@given(any_text, any_text)
def test_hashes_are_hex_of_fixed_length(first: str, second: str):
    for name in (names.hash32(first), names.pair_hash32(first, second)):
        assert re.fullmatch("[0-9a-f]{32}", name)


@given(any_text, any_text, any_text, any_text)
def test_different_pairs_have_different_names(a: str, b: str, c: str, d: str):
    assert ((a, b) == (c, d)) is (names.pair_hash32(a, b) == names.pair_hash32(c, d))


@given(any_text)
def test_a_safe_name_has_one_character_for_each_utf16_unit(text: str):
    safe = names.safe_name(text)
    assert re.fullmatch("[A-Za-z0-9_-]*", safe)
    assert len(safe) == len(text.encode("utf-16-le", "surrogatepass")) // 2


@given(any_text | st.from_regex(r"\A(s-)?[a-z0-9./\n-]*\Z"))
def test_a_box_name_that_passes_stays_in_its_folder(name: str):
    if names.is_box(name):
        assert re.fullmatch("[A-Za-z0-9_-]+", name)
    if (pid := names.parse_pid(name)) is not None:
        assert names.pid_box(pid) == name
