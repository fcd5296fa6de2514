from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oxtail.wake.screen import Row, parse_screen


def faint(text: str) -> str:
    """Return the first row of *text* with its faint characters in brackets."""
    row = parse_screen(text)[0]
    return "".join(f"[{c}]" if f else c for c, f in zip(row.text, row.faint, strict=True))


def test_attributes_are_no_characters() -> None:
    assert faint("\x1b[1mbold\x1b[0m \x1b[2mhint\x1b[22m end") == "bold [h][i][n][t] end"


def test_a_color_that_has_a_two_in_it_is_not_faint() -> None:
    assert faint("\x1b[38;5;2ma\x1b[48;2;2;2;2mb\x1b[0;2mc\x1b[38;5;246md\x1b[me") == "ab[c][d]e"


def test_an_attribute_lasts_across_rows() -> None:
    assert [row.faint for row in parse_screen("\x1b[2ma\nb\x1b[0m\nc")] == [
        (True,),
        (True,),
        (False,),
    ]


def test_other_sequences_and_control_characters_vanish() -> None:
    text = "\x1b]8;;http://x\x1b\\link\x1b]8;;\x07\x1b[?25h\x1b(B\x0e!"
    assert parse_screen(text) == (Row("link!", (False,) * 5),)


def test_a_no_break_space_is_a_blank_and_blanks_at_the_end_are_cut() -> None:
    assert parse_screen("a\xa0b \xa0")[0].text == "a b"


def test_the_character_under_the_cursor_may_look_as_it_likes() -> None:
    row = parse_screen("> \x1b[7mP\x1b[0;2mress")[0]
    assert row.is_faint_from(2, but=2)
    assert not row.is_faint_from(2)
    assert row.is_faint_from(3)
    assert row.is_faint_from(99)


@given(st.text(alphabet="\x1b[]2;m0 \n\x07ab38\xa0\x00", max_size=60))
def test_any_bytes_make_rows_whose_marks_fit(text: str) -> None:
    rows = parse_screen(text)
    assert len(rows) == text.count("\n") + 1
    for row in rows:
        assert len(row.text) == len(row.faint)
        assert row.text.isprintable()
