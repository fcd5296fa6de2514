"""Facts of fleets of every kind, possible and impossible ones, for property tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from oxtail.core.activity import Activity, Family, Tool
from oxtail.core.census import BoxView, LedgerView, Letter
from oxtail.core.correlation import Ask, OpenAsk
from oxtail.core.envelope import Envelope
from oxtail.core.fleet_facts import AgentFacts, Alert, Facts
from oxtail.core.history import Record
from oxtail.core.liveness import Life
from oxtail.core.notice import Notice
from oxtail.core.pane import Pane
from oxtail.core.presence import Marker
from oxtail.core.waits import Standing
from oxtail.core.work import Owed, State

NOW = 1_800_000_000
IDS = st.sampled_from(["a", "b", "c", "operator", "x" * 40, "\x1b[2J", "\u202eé", "pid:1"])
TEXTS = st.sampled_from(
    ["", "ok", "a\nb\tc", "\x1b]0;x\x07", "\u202e\u200b\ud800", "日本", "z" * 300]
)
TIMES = st.one_of(
    st.integers(NOW - 2_000, NOW + 50), st.sampled_from([0, -1, 2**53, NOW, NOW - 20, NOW - 600])
)
MESSAGES = st.sampled_from([f"{i:016x}" for i in range(6)])


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


def _envelope(identity, body, at, sender, request, reply, is_work, due, origin) -> Envelope:
    extra = () if due is None else (("deadline", due),)
    return Envelope(
        identity, body, at, origin, sender, request, reply, action_required=is_work, extra=extra
    )


ENVELOPES = st.builds(
    _envelope, MESSAGES, TEXTS, TIMES, maybe(IDS), maybe(IDS), maybe(IDS), st.booleans(),
    maybe(TIMES), st.sampled_from(["peer", "operator"]),
)  # fmt: skip
OWED = st.builds(Owed, IDS, ENVELOPES, st.booleans(), st.sampled_from(State))
LEDGERS = st.builds(
    LedgerView,
    st.lists(OWED, max_size=3).map(tuple),
    st.frozensets(st.tuples(IDS, maybe(IDS)), max_size=3),
    st.frozensets(st.tuples(IDS, IDS), max_size=3),
    st.booleans(),
)
BOXES = st.builds(
    BoxView,
    st.lists(
        st.builds(Letter, MESSAGES, TIMES, maybe(IDS), st.booleans(), maybe(TIMES)), max_size=4
    ).map(tuple),
    st.booleans(),
)
PANES = st.builds(
    Pane, TEXTS, TEXTS, TIMES, st.booleans(), st.integers(0, 9), st.just("%1"), st.integers(0, 9),
    TEXTS, st.booleans(), TEXTS, maybe(st.integers(0, 9)), maybe(TIMES),
)  # fmt: skip
AGENTS = st.builds(
    AgentFacts,
    maybe(IDS), maybe(st.integers(1, 4)), st.sampled_from(["codex", "claude-code", "unknown", "?"]),
    TEXTS, maybe(TEXTS), st.sampled_from(Life), st.booleans(), maybe(TEXTS), maybe(TIMES),
    maybe(TEXTS),
    st.builds(
        Activity, maybe(TIMES.map(float)),
        maybe(st.builds(Tool, st.just("Bash"), st.sampled_from(Family), st.booleans())),
    ),
    maybe(st.builds(Marker, st.sampled_from(["busy", "idle", "?"]), TIMES.map(float))),
    maybe(PANES), st.booleans(), maybe(TEXTS), st.lists(IDS, max_size=2).map(tuple),
    st.lists(BOXES, max_size=2).map(tuple), st.booleans(),
    st.frozensets(st.sampled_from(["1.json", "x.jsonl"]), max_size=2),
)  # fmt: skip
ASKS = st.builds(
    OpenAsk,
    st.builds(Ask, IDS, st.one_of(IDS, st.just("")), st.one_of(IDS, st.just("")), MESSAGES,
              st.just(0), TIMES),
    st.booleans(), TIMES.map(float), st.integers(0, 3),
)  # fmt: skip
FACTS = st.builds(
    Facts,
    st.just(float(NOW)), maybe(TEXTS), st.lists(AGENTS, max_size=5).map(tuple), maybe(IDS),
    st.dictionaries(IDS, IDS, max_size=2),
    st.dictionaries(IDS, st.sampled_from(Standing), max_size=3),
    st.lists(ASKS, max_size=5).map(tuple), st.dictionaries(IDS, LEDGERS, max_size=3),
    st.lists(st.builds(Record, maybe(IDS), st.just(""), ENVELOPES), max_size=4).map(tuple),
    st.lists(st.tuples(IDS, ENVELOPES), max_size=2).map(tuple),
    st.lists(st.builds(Notice, TIMES, TEXTS, TEXTS, maybe(IDS)), max_size=2).map(tuple),
    st.lists(st.builds(Alert, TEXTS, TEXTS, TEXTS, TEXTS, maybe(TEXTS)), max_size=2).map(tuple),
    st.booleans(), st.lists(TEXTS, max_size=2).map(tuple),
    held=st.dictionaries(IDS, BOXES, max_size=2),
)  # fmt: skip
