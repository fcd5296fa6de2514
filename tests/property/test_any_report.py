"""No text of others becomes markup in a report, whatever it is and wherever it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.fleet_strategies import FACTS
from helpers.fleets import agent, ask, fleet, ledger, mail, work
from helpers.pages import Page
from oxtail.core.envelope import Envelope
from oxtail.core.fleet_facts import Alert
from oxtail.core.history import Problem, Record
from oxtail.core.notice import Notice
from oxtail.core.plain import visible
from oxtail.core.snapshot import snapshot
from oxtail.core.waits import Stage
from oxtail.report.facts import Past
from oxtail.report.markup import escaped, tag
from oxtail.report.page import PAGE_MAX_BYTES, page
from oxtail.report.waits import _STAGES

NOW = 1_800_000_000
TEXTS = st.one_of(
    st.text(
        st.one_of(st.characters(), st.sampled_from("<>&\"'`/=!- \n\r\t\x00\u2028\ud800")),
        max_size=30,
    ),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            "</pre></script></style><img src=x onerror=alert(1)>",
            '" onload="alert(1)',
            "' autofocus onfocus='alert(1)",
            "<!--", "-->", "]]>", "&lt;b&gt;", "&#60;b&#62;", "</title><b>", "<svg/onload=a()>",
            "javascript:alert(1)", "<style>*{}</style>", "\x00<b>", "<\x00script>", "<\u200bb>",
        ]
    ),
)  # fmt: skip
TIMES = st.one_of(st.integers(NOW - 9_000, NOW + 50), st.sampled_from([0, 2**53 - 1, NOW]))


def maybe(strategy):
    return st.one_of(st.none(), strategy)


ENVELOPES = st.builds(
    Envelope, TEXTS, TEXTS, TIMES, st.sampled_from(["peer", "operator"]),
    maybe(st.sampled_from(["a", "b", "<b>"])), maybe(st.sampled_from(["r", "s"])),
    maybe(st.sampled_from(["r", "s"])), action_required=st.booleans(),
)  # fmt: skip
RECORDS = st.builds(
    Record, maybe(st.sampled_from(["a", "b", "<b>"])), TEXTS, ENVELOPES,
    maybe(st.sampled_from(["done", "blocked"])),
)  # fmt: skip


@pytest.mark.slow
@given(FACTS, st.lists(RECORDS, max_size=8).map(tuple))
def test_any_fleet_and_any_messages_make_a_page(facts, records):
    made = page(Past(snapshot(facts), records, heirs={"a": "c"}, names={"b": "<i>"}))

    assert Page(made).problems == []
    assert len(made.encode()) < PAGE_MAX_BYTES


@given(TEXTS)
def test_a_hostile_text_stays_text_wherever_it_stands(text):
    made = fleet(
        agent("alice", name=text, purpose=text, cwd=text, transcript_path=text),
        agent(text or "x", name=None, client_type=text, boxes=(mail(text),)),
        project_root=text,
        ledgers={text or "x": ledger(work(text or "x", text, body=text, of="alice"))},
        asks=(ask("alice", text, text, waited_on=True),),
        notices=(Notice(NOW, text, text),),
        findings=(Alert(text, text, text, text, text),),
        warnings=(text,),
    )
    message = Envelope(text, text, NOW, from_session_id=text, request_id=text, reply_to=text)
    past = Past(
        made,
        (Record(text, text, message, text), Record(None, text, message)),
        names={text: text},
        problems=(Problem(text, text),),
    )
    read = Page(page(past))

    assert read.problems == []
    # What is seen of the text is all there, and as it was.
    assert read.bodies == [visible(text)]


@given(TEXTS)
def test_markup_shows_exactly_the_text(text):
    read = Page.__new__(Page)
    assert escaped(escaped(text)) == escaped(text)
    assert not set("<>\"'") & set(escaped(text))
    assert tag("a", text, href="#x", title=text).count("<") == 2
    assert read is not None


def test_every_stage_of_a_wait_has_its_words():
    assert set(_STAGES) == set(Stage)
