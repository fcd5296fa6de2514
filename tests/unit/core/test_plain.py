"""Text of others on a screen: nothing in it steers, turns, hides or leaves its line."""

from __future__ import annotations

import pytest

from oxtail.core.plain import columns, fitted, padded, plain, plain_lines

HOSTILE = "a\x1b[31mb\x07\x9b2J\u200bc\u202ed\u2066e\u2028f\ufeffg\ud800h\x7fi\r\nj\tk"


def test_what_is_not_seen_is_gone():
    assert plain(HOSTILE) == "a[31mb2Jcde fgh" + "i j k"
    assert plain("  two   words \n") == "two words"
    assert plain("é 日本 🙂") == "é 日本 🙂"


@pytest.mark.parametrize("mark", [chr(c) for c in (*range(0x200B, 0x2010), *range(0x2028, 0x202F))])
def test_no_mark_of_direction_or_of_no_width_is_left(mark):
    assert plain(f"a{mark}b") in ("ab", "a b")


def test_a_long_text_is_cut_with_a_mark():
    assert plain("abcdef", 4) == "abc…"
    assert plain("abcd", 4) == "abcd"
    assert len(plain("x" * 10_000_000, 10)) == 10


def test_lines_stay_lines_and_keep_their_blanks():
    assert plain_lines("a\n  b\x1b[2J\n\n\u202ec") == "a\n  b[2J\n\nc"


def test_columns_are_those_of_a_terminal():
    assert columns("abc") == 3
    assert columns("日本") == 4
    assert columns("e\u0301") == 1


@pytest.mark.parametrize("width", range(7))
def test_a_text_never_takes_more_columns_than_it_may(width):
    for text in ("abcdef", "日本語", "e\u0301" * 9, ""):
        assert columns(fitted(text, width)) <= width
        assert columns(padded(text, width)) == width
