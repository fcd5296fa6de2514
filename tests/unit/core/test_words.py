from __future__ import annotations

import pytest

from oxtail.core.words import (
    QUERY_MAX_CHARS,
    TERMS_MAX,
    WORD_MAX_CHARS,
    Term,
    parse_query,
    words_of,
)
from oxtail.errors import BadArgument


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World!", ["hello", "world"]),
        ("src/oxtail/core_words.py", ["src", "oxtail", "core", "words", "py"]),
        ("don't", ["don", "t"]),
        ("Straße ÉTÉ ﬁn", ["strasse", "ete", "fin"]),
        ("e\u0301te\u0301", ["ete"]),
        ("İstanbul", ["istanbul"]),
        ("日本語 text", ["日", "本", "語", "text"]),
        ("٣ v2.0", ["٣", "v2", "0"]),
        ("a\u2028b\x00c\ud800d", ["a", "b", "c", "d"]),
        ("\x1b[2J ... ''", ["2j"]),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_long_word_is_known_by_its_beginning() -> None:
    assert words_of("x" * 10_000) == ["x" * WORD_MAX_CHARS]
    assert parse_query("x" * 100).match("x" * 90)


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("one two", (Term(("one",)), Term(("two",)))),
        ("One ONE", (Term(("one",)),)),
        ('"one two" three', (Term(("one", "two")), Term(("three",)))),
        ('"one two', (Term(("one", "two")),)),
        ("core/words.py", (Term(("core", "words", "py")),)),
        ("beg*", (Term(("beg",), is_prefix=True),)),
        ('"one tw"*', (Term(("one", "tw"), is_prefix=True),)),
        ("NEAR(a b) AND c:d ^e -f + NOT", None),
        ("' OR 1=1; --", None),
    ],
)
def test_a_query_is_words_whatever_else_is_in_it(query: str, terms: tuple[Term, ...]) -> None:
    parsed = parse_query(query)

    if terms is not None:
        assert parsed.terms == terms
    assert all(word.isalnum() for term in parsed.terms for word in term.words)


@pytest.mark.parametrize(
    "query",
    [
        *("", " ", "*", '""', "!!!", "\ud800", "-", "x" * (QUERY_MAX_CHARS + 1)),
        " ".join(f"w{number}" for number in range(TERMS_MAX + 1)),
    ],
)
def test_a_query_without_words_or_with_too_many_is_refused(query: str) -> None:
    with pytest.raises(BadArgument) as caught:
        parse_query(query)

    assert caught.value.field == "query"


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("fox", True),
        ("FOX quick", True),
        ("fox wolf", False),
        ("fo", False),
        ("fo*", True),
        ('"brown fox"', True),
        ('"quick fox"', False),
        ('"fox brown"', False),
        ('"brown the jumps"', False),
        ('"quick bro"*', True),
        ('"the quick brown fox jumps"', True),
        ('"fox jumps over"', False),
        ("the the", True),
        ('"the the"', False),
    ],
)
def test_matching(query: str, matches: bool) -> None:
    assert parse_query(query).match("The quick brown fox jumps") is matches


def test_words_in_quotes_match_where_they_begin_more_than_once() -> None:
    assert parse_query('"a a b"').match("a a a b")
