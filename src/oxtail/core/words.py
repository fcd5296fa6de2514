"""Words of a text, and what somebody looks for among them.

The rules: a word is a run of letters and digits; case, accents and forms of a character do not
count; a character of a script without blanks is a word of its own.  An index and a plain reader
find the same because both see texts only through :func:`words_of`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from oxtail.core.value import Value
from oxtail.errors import BadArgument

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION: Final = f"1 {unicodedata.unidata_version}"
"""Changes when the same text may have other words."""

WORD_MAX_CHARS: Final = 64
"""A word is known by so many of its first characters; what is longer is no word of a language."""

QUERY_MAX_CHARS: Final = 1000
TERMS_MAX: Final = 32
"""Most things that one query looks for; an index has a limit of its own, far above."""

_WORD: Final = re.compile(
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
    "|[^\\W_\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_ASCII_WORD: Final = re.compile("[0-9a-z]+")
_TERM: Final = re.compile(r'"([^"]*)("?)(\*?)|(\S+)')


def words_of(text: str) -> list[str]:
    """Return the words of *text* in order, in the form in which they are compared."""
    if text.isascii():
        found = _ASCII_WORD.findall(text.lower())
    else:
        apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        plain = "".join(each for each in apart if not unicodedata.combining(each))
        found = _WORD.findall(plain)
    return [word[:WORD_MAX_CHARS] for word in found]


class Term(Value):
    """Words that stand together in this order; of the last one perhaps only the beginning."""

    words: tuple[str, ...]
    is_prefix: bool = False

    def is_in(self, words: Sequence[str]) -> bool:
        """Tell whether *words*, those of a text, hold this term."""
        *head, last = self.words
        size = len(head)
        first = head[0] if head else None
        for at in range(size, len(words)):
            word = words[at]
            if not (word.startswith(last) if self.is_prefix else word == last):
                continue
            if not head or (words[at - size] == first and list(words[at - size : at]) == head):
                return True
        return False


class Words(Value):
    """What somebody looks for: a text matches if it holds every term."""

    terms: tuple[Term, ...]

    def match(self, text: str) -> bool:
        """Tell whether *text* holds every term."""
        if text.isascii():
            # Most texts hold none of the words, and this tells it in a tenth of the time.
            lowered = text.lower()
            if not all(word in lowered for term in self.terms for word in term.words):
                return False
        words = words_of(text)
        return all(term.is_in(words) for term in self.terms)


def parse_query(query: str) -> Words:
    """Return what *query* asks for.

    Words are looked for anywhere and in any order, ``"words in quotes"`` next to each other, and
    ``begin*`` at the beginning of a word.  Whatever else is in it only separates words, so a name
    like ``core/words.py`` finds its three words next to each other.

    Raises:
        BadArgument: there is no word in it, or it is too long.
    """
    if len(query) > QUERY_MAX_CHARS:
        raise BadArgument("query", f"must not be longer than {QUERY_MAX_CHARS} characters")
    terms = []
    for match in _TERM.finditer(query):
        quoted, _, star, bare = match.groups()
        text = bare if bare is not None else quoted
        words = words_of(text)
        if not words:
            continue
        is_prefix = bool(star) if bare is None else bare.endswith("*")
        terms.append(Term(tuple(words), is_prefix))
    if not terms:
        raise BadArgument("query", "holds no word")
    if len(terms) > TERMS_MAX:
        raise BadArgument("query", f"must not ask for more than {TERMS_MAX} things")
    return Words(tuple(dict.fromkeys(terms)))
