"""No message with content counts as a courtesy, whatever courtesies surround it."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from oxtail.core import courtesy
from oxtail.core.courtesy import is_content_free

PHRASES = sorted(courtesy._table().phrases)
phrases = st.lists(st.sampled_from(PHRASES), max_size=4).map(" ".join)
blanks = st.sampled_from([" ", "\n", ", ", "! ", " - "])

# What a person or a program writes when there is something to do, to find or to count.
VERBS = """
merge deploy run stop start fix check test review push pull revert delete remove add write send call
open close commit build rebase retry abort continue please can could would should must need wait yes
no done failed broken error bug green red approve approved agreed
"""
verbs = st.sampled_from(VERBS.split())
digits = st.characters(categories=["Nd", "Nl", "No"]).filter(lambda c: c.casefold() == c)
questions = st.sampled_from("?\u00bf\u037e\u061f\uff1f\u203d\u2047")
paths = st.lists(
    st.text(string.ascii_lowercase, min_size=1, max_size=6), min_size=2, max_size=4
).flatmap(lambda parts: st.sampled_from(["/", "\\", "."]).map(lambda mark: mark.join(parts)))
code = st.sampled_from(["`ls`", "f(x)", "a = b", "{}", "x;", "<b>", "$HOME", "a && b", "|", "#ok"])
words = st.text(string.ascii_lowercase, min_size=3, max_size=12).filter(
    lambda word: all(word not in phrase for phrase in PHRASES) and word not in courtesy._LINKS
)


@given(before=phrases, blank=blanks, after=phrases, content=verbs | paths | code | words)
def test_one_word_of_content_makes_content(
    before: str, blank: str, after: str, content: str
) -> None:
    assert not is_content_free(before + blank + content + blank + after)


@given(before=phrases, after=phrases, mark=digits | questions, glued=st.booleans())
def test_a_digit_or_a_question_mark_makes_content(
    before: str, after: str, mark: str, glued: bool
) -> None:
    blank = "" if glued else " "

    assert not is_content_free(before + blank + mark + blank + after)


@given(body=st.text(min_size=121, max_size=400) | phrases.map(lambda text: text + "." * 121))
def test_a_long_body_has_content(body: str) -> None:
    assert not is_content_free(body)


@given(body=st.text(max_size=200))
def test_any_text_gets_an_answer(body: str) -> None:
    assert isinstance(is_content_free(body), bool)


@given(parts=st.lists(st.sampled_from(PHRASES), min_size=1, max_size=3), blank=blanks)
def test_phrases_alone_have_no_content(parts: list[str], blank: str) -> None:
    body = blank.join(parts)

    assert is_content_free(body) or len(body) > 120
    assert is_content_free(body.upper()) or len(body) > 120 or body.upper().casefold() != body
