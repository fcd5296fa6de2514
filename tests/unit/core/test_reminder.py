"""A reminder is brief, holds nobody's words, and says nothing when nothing is open."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oxtail.core.reminder import MAX_CHARS, Left, text_for

IDS = st.integers(0, 2**64 - 1).map(lambda number: f"{number:016x}")
ANY = st.one_of(IDS, st.text(max_size=40))


def test_nothing_open_is_nothing_said() -> None:
    assert text_for(Left()) == ""


def test_all_of_it_is_named() -> None:
    text = text_for(Left(("00000000000000aa", "00000000000000bb"), 1, ("00000000000000cc",), 3))

    assert text.startswith("[oxtail] ")
    assert "2 open, 1 overdue (00000000000000aa, 00000000000000bb)" in text
    assert "without an answer: 1 (00000000000000cc)" in text
    assert "3 messages wait" in text


def test_only_what_is_open_is_spoken_of() -> None:
    text = text_for(Left(mail=1))

    assert "1 message waits" in text
    assert "Work" not in text
    assert "question" not in text


@given(
    st.lists(ANY, max_size=40),
    st.integers(0, 10**9),
    st.lists(ANY, max_size=40),
    st.integers(0, 10**12),
)
def test_it_is_never_long_and_never_holds_a_strangers_words(
    work: list[str], overdue: int, asks: list[str], mail: int
) -> None:
    text = text_for(Left(tuple(work), overdue, tuple(asks), mail))

    assert len(text) <= MAX_CHARS
    assert text.isascii()
    assert text.isprintable()
    assert bool(text) == bool(work or asks or mail)
