"""History over any ledgers: what follows is what is there, and an index changes no answer."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.depth import examples
from helpers.history import NOW, LedgerFile, history, numbers, wanted
from helpers.stores import ALICE, BOB
from helpers.strategies import any_text, envelopes
from oxtail.app.history import Scope
from oxtail.cli.export import block, markdown_of, span
from oxtail.core.envelope import Envelope
from oxtail.core.history import Bookmark, Record, Thread, record_of
from oxtail.core.names import hash32
from oxtail.core.words import Words, parse_query, words_of
from oxtail.errors import BadArgument
from oxtail.store.files import search_index

OWNERS = (ALICE, BOB)
SOME = settings(
    max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow], deadline=None
)

# ---------------------------------------------------------------------- growth

appends = st.tuples(st.just("append"), st.sampled_from(OWNERS), st.integers(1, 4))
drops = st.tuples(st.just("drop"), st.sampled_from(OWNERS), st.integers(0, 3))
tears = st.tuples(st.just("tear"), st.sampled_from(OWNERS), st.integers(1, 3))
repeats = st.tuples(st.just("repeat"), st.sampled_from(OWNERS), st.integers(0, 5))
looks = st.tuples(st.just("look"), st.just(""), st.just(0))


class _Writer:
    """Writes ledgers as Python peers and npm peers do; drops only what somebody has seen."""

    def __init__(self, home: str) -> None:
        self.ledgers = {owner: LedgerFile(home, owner) for owner in OWNERS}
        self.lines: dict[str, list[bytes]] = {owner: [] for owner in OWNERS}
        self.seen: dict[str, int] = dict.fromkeys(OWNERS, 0)
        self.count = 0

    def do(self, what: str, owner: str, number: int) -> None:
        ledger, lines = self.ledgers[owner], self.lines[owner]
        if what == "append":
            for _ in range(number):
                self.count += 1
                self._add(owner, Envelope(f"{self.count:016x}", f"b{self.count}", NOW + self.count))
        elif what == "tear":
            ledger.append(b'{"torn":' * number + b"\n")
            lines.append(b'{"torn":' * number + b"\n")
        elif what == "repeat" and lines:
            again = lines.pop(number % len(lines))  # as npm peers do: dropped, and added anew
            lines.append(again)
            self.seen[owner] = 0
            ledger.rewrite(lines)
        elif what == "drop":
            gone = min(number, self.seen[owner])
            del lines[:gone]
            self.seen[owner] -= gone
            ledger.rewrite(lines)

    def _add(self, owner: str, message: Envelope) -> None:
        ledger = self.ledgers[owner]
        ledger.append(message)
        self.lines[owner].append(ledger.path.read_bytes().splitlines(keepends=True)[-1])

    def looked_at(self) -> None:
        for owner, lines in self.lines.items():
            self.seen[owner] = len(lines)


@SOME
@given(st.lists(st.one_of(appends, appends, drops, tears, repeats, looks), max_size=30))
def test_following_shows_each_message_once_whatever_is_appended_and_compacted(
    steps: list[tuple[str, str, int]],
) -> None:
    with tempfile.TemporaryDirectory() as home:
        writer, past, mark = _Writer(home), history(home), Bookmark()
        shown: list[int] = []
        for what, owner, number in [*steps, ("look", "", 0)]:
            if what != "look":
                writer.do(what, owner, number)
                continue
            records, mark = past.after(mark, wanted(*OWNERS))
            assert numbers(records) == sorted(numbers(records))
            shown += numbers(records)
            writer.looked_at()

        assert sorted(shown) == list(range(1, writer.count + 1))
        there = numbers(past.records(wanted(*OWNERS)))
        assert there == sorted(set(there))
        assert set(there) <= set(shown)


# ---------------------------------------------------------------------- words

_words = st.sampled_from(("fox", "FOX", "foxes", "été", "ete", "日本", "日", "a_b", "b", "x" * 70))
bodies = st.lists(st.one_of(_words, any_text), max_size=6).map(" ".join)
queries = st.lists(
    st.one_of(
        _words,
        _words.map(lambda word: word[:3] + "*"),
        st.lists(_words, min_size=1, max_size=3).map(lambda words: f'"{" ".join(words)}"'),
        any_text,
        st.sampled_from(("AND", "NOT fox", "NEAR(fox b)", '"', "body:fox", "^fox", "fox -b", "'")),
    ),
    min_size=1,
    max_size=3,
).map(" ".join)


@contextmanager
def _ledgers(found: list[tuple[str, str]]) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as home:
        ledgers = {owner: LedgerFile(home, owner) for owner in OWNERS}
        for number, (owner, body) in enumerate(found):
            ledgers[owner].append(Envelope(f"{number:016x}", body, NOW + number // 2))
        yield home


def _plain(home: str, words: Words, newest: int | None) -> list[Record]:
    def matches(record: Record) -> bool:
        return words.match(record.message.body)

    return list(history(home).records(wanted(*OWNERS, matches=matches, newest=newest)))


@SOME
@given(
    st.lists(st.tuples(st.sampled_from(OWNERS), bodies), max_size=8),
    st.lists(queries, min_size=1, max_size=4),
    st.none() | st.integers(0, 3),
    st.integers(0, 3),
)
def test_an_index_finds_what_a_plain_reader_finds(
    found: list[tuple[str, str]], asked: list[str], newest: int | None, gone: int
) -> None:
    with _ledgers(found) as home:
        past = history(home)
        for query in asked:
            try:
                words = parse_query(query)
            except BadArgument:
                continue
            records, remark = past.search(words, wanted(*OWNERS, newest=newest))
            assert list(records) == _plain(home, words, newest)
            assert remark is None or remark.startswith("the search index was missing")
            ledger = LedgerFile(home, BOB)
            if ledger.path.exists():
                ledger.drop_oldest(gone)


@given(any_text, any_text)
def test_every_word_of_a_text_finds_it(before: str, text: str) -> None:
    for word in words_of(text)[:5]:
        assert words_of(word) == [word]
        assert parse_query(word).match(f"{before} {text}")


@given(st.binary(max_size=200))
def test_what_is_kept_of_a_ledger_in_an_index_may_be_anything(data: bytes) -> None:
    text = data.decode("latin-1")
    try:
        mark = search_index._mark(text)
    except search_index.sqlite3.DatabaseError:
        return
    assert mark.stop >= 0


# ---------------------------------------------------------------------- threads

links = st.none() | st.sampled_from(("1", "2", "3", "r"))
sides = st.sampled_from((None, ALICE, BOB, "carol"))
messages = st.builds(
    lambda number, sender, receiver, request, reply, source: Record(
        receiver,
        hash32(receiver or "nobody"),
        Envelope(
            number,
            "",
            0,
            from_session_id=sender,
            request_id=request,
            reply_to=reply,
            source_message_id=source,
        ),
    ),
    st.sampled_from("123456"),
    sides,
    sides,
    links,
    links,
    links,
)


def _pair(record: Record) -> frozenset[str]:
    sender = record.message.from_session_id
    return frozenset((hash32(sender) if sender else "", record.ledger))


def _linked(one: Record, other: Record) -> bool:
    a, b = one.message, other.message
    requests = {a.request_id, a.reply_to} & {b.request_id, b.reply_to} - {None}
    return (
        a.id == b.id
        or a.source_message_id == b.id
        or b.source_message_id == a.id
        or (a.source_message_id is not None and a.source_message_id == b.source_message_id)
        or (bool(requests) and _pair(one) == _pair(other))
    )


def _named(record: Record, name: str) -> bool:
    m = record.message
    return name in (m.id, m.source_message_id, m.request_id, m.reply_to)


@given(st.lists(messages, max_size=8), st.sampled_from(("1", "2", "r")))
def test_a_thread_is_all_that_links_lead_to(records: list[Record], name: str) -> None:
    expected = [record for record in records if _named(record, name)]
    for record in expected:  # it grows while it is walked through
        expected += [r for r in records if _linked(record, r) and r not in expected]
    thread = Thread(name)
    for record in records:
        thread.add(record)

    assert [r for r in records if thread.has(r)] == [r for r in records if r in expected]
    assert thread.is_known == bool(expected)


# ---------------------------------------------------------------------- Markdown

_FENCE = re.compile(r"(`{3,})text\n(.*)\n\1", re.DOTALL)
scope = Scope("/project", OWNERS, {}, {}, ())
ticks = st.lists(st.sampled_from(("`", "``", "```", "````", "\n", "text", "~~~", "#")), max_size=8)


@given(st.one_of(any_text, ticks.map("".join)))
def test_a_body_cannot_leave_its_fences(body: str) -> None:
    opening, *lines, closing = block(body).split("\n")

    assert opening == closing + "text"
    assert set(closing) == {"`"}
    assert len(closing) >= 3
    assert not any(closing in line for line in lines)
    assert all(line.isprintable() or not set(line) & set("\x1b\r\u2028") for line in lines)


@given(st.one_of(any_text, ticks.map("".join)))
def test_a_name_cannot_leave_its_span(text: str) -> None:
    marked = span(text or "x")
    marks = re.match("`+", marked)

    assert "\n" not in marked
    assert marks
    inner = marked[marks.end() : -marks.end()]
    assert marked.endswith(marks.group())
    assert marks.group() not in re.findall("`+", inner)
    assert not inner.startswith("`")
    assert not inner.endswith("`")


@given(envelopes)
def test_nothing_of_a_message_stands_outside_fences_and_spans(message: Envelope) -> None:
    record = record_of(None, "0" * 32, message)
    text = markdown_of(record, scope)
    outside = _FENCE.sub("", text)
    outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", outside)

    assert re.fullmatch(
        r"## [0-9T:.Z+-]+\n\n- from \n- to \n- message \n(- (question|answer|work: \w+)\n)*"
        r"(- request \n)?(- answers request \n)?(- about message \n)?\n\n",
        outside,
    )
