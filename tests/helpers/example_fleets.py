"""Fleets that pictures and tests share: an empty one, a healthy one, and one in trouble.

Everything in them is fixed, so that what is drawn of them is, too.
"""

from __future__ import annotations

from itertools import count
from typing import Any, Final

from helpers.fleets import NOW, agent, dead, fleet, ledger, mail
from oxtail.core.activity import Activity, Family, Tool
from oxtail.core.correlation import Ask, OpenAsk
from oxtail.core.envelope import Envelope
from oxtail.core.fleet_facts import AgentFacts
from oxtail.core.fleet_words import unreadable
from oxtail.core.history import Record
from oxtail.core.names import completion_id, hash32
from oxtail.core.notice import Notice
from oxtail.core.pane import Pane
from oxtail.core.waits import Standing
from oxtail.core.work import Owed, State
from oxtail.report.facts import Past

IDS: Final = {
    name: f"{digit * 8}-0000-4000-8000-00000000000{digit}"
    for digit, name in enumerate(
        ("planner", "api", "web", "tests", "docs", "review", "nightly"), start=1
    )
    for digit in [str(digit)]
}
ROOT: Final = "/home/me/shop"
AT: Final = int(NOW)


def _pane(number: int, window: str) -> Pane:
    return Pane(
        "shop", ROOT, 5, True, 2, f"%{number}", 7000 + number, ROOT, False, window, number, AT - 4
    )


def _agent(name: str, window: int, /, **facts: Any) -> AgentFacts:
    session_id = IDS[name]
    age, tool = facts.pop("age", 300), facts.pop("tool", None)
    facts.setdefault("client_type", "claude-code")
    return agent(
        name,
        session_id=session_id,
        ids=(session_id,),
        server_pid=4100 + window,
        cwd=ROOT,
        pane=_pane(window, name),
        activity=Activity(NOW - age, tool),
        transcript_path=f"/home/me/.transcripts/{name}.jsonl",
        **facts,
    )


def _dead(name: str, /, **facts: Any) -> AgentFacts:
    session_id = IDS[name]
    return dead(name, session_id=session_id, ids=(session_id,), server_pid=None, cwd=ROOT, **facts)


class _Talk:
    """Messages with ids that count up."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.records: list[Record] = []

    def say(
        self, sender: str | None, receiver: str, ago: int, body: str, /, **members: Any
    ) -> Envelope:
        outcome = members.pop("outcome", None)
        due = members.pop("due", None)
        message = Envelope(
            members.pop("id", f"{next(self._numbers):016x}"),
            body,
            AT - ago,
            from_session_id=IDS[sender] if sender else None,
            extra=() if due is None else (("deadline", due),),
            **members,
        )
        owner = IDS[receiver]
        self.records.append(Record(owner, hash32(owner), message, outcome))
        return message

    def ask(self, sender: str, receiver: str, ago: int, body: str, answer: str, after: int) -> None:
        request = f"request-{next(self._numbers)}"
        self.say(sender, receiver, ago, body, request_id=request)
        self.say(receiver, sender, ago - after, answer, reply_to=request)

    def give(self, sender: str, receiver: str, ago: int, body: str, /, **members: Any) -> Envelope:
        return self.say(
            sender, receiver, ago, body, request_id=f"work-{next(self._numbers)}",
            action_required=True, **members,
        )  # fmt: skip

    def done(self, work: Envelope, receiver: str, ago: int, body: str) -> None:
        names = {session_id: name for name, session_id in IDS.items()}
        self.say(
            receiver, names[work.from_session_id or ""], ago, body, id=completion_id(work.id),
            reply_to=work.request_id, source_message_id=work.id,
        )  # fmt: skip


def _owed(name: str, message: Envelope) -> Owed:
    return Owed(IDS[name], message, True, State.OPEN)


def _asked(waiter: str, target: str, message: Envelope, *, waited_on: bool) -> OpenAsk:
    one = Ask(
        IDS[waiter], message.request_id or "", IDS[target], message.id, 0,
        message.enqueued_at * 1000,
    )  # fmt: skip
    return OpenAsk(one, waited_on, float(message.enqueued_at), 0 if waited_on else 2)


def _past(talk: _Talk, *agents: AgentFacts, **facts: Any) -> Past:
    records = tuple(sorted(talk.records, key=lambda each: each.message.enqueued_at))
    made = fleet(*agents, project_root=ROOT, records=records, **facts)
    names = {session_id: name for name, session_id in IDS.items() if name != "review"}
    return Past(made, records, names=names)


def _healthy_talk(talk: _Talk) -> Envelope:
    operator = {"origin": "operator", "operator_source": "cockpit"}
    talk.say(None, "planner", 9_000, "Add a wish list to the shop.", **operator)
    schema = talk.give("planner", "api", 8_900, "Add the table and the two endpoints.",
                       outcome="done")  # fmt: skip
    talk.ask("api", "planner", 8_700, "One list per customer, or several?",
             "Several; each has a name.", 40)  # fmt: skip
    talk.say("planner", "web", 8_500, "The page comes after the endpoints; read docs/wishes.md.")
    talk.done(schema, "api", 5_400, "Table and endpoints are in; 14 tests.")
    talk.say("api", "web", 5_300, "Endpoints: GET and POST /wishes, with the examples in api/.")
    page = talk.give("planner", "web", 1_900, "Build the page on these endpoints.", due=AT + 3_600)
    talk.ask("web", "api", 900, "Is a list ordered?", "By the time a thing was added.", 25)
    return page


def _healthy() -> Past:
    talk = _Talk()
    page = _healthy_talk(talk)
    pages = Tool("Edit", Family.EDIT, True)
    return _past(
        talk,
        _agent("planner", 1, age=240, purpose="wish list: plan and review"),
        _agent("api", 2, age=70, client_type="codex", purpose="endpoints of the wish list"),
        _agent("web", 3, age=4, tool=pages, purpose="page of the wish list", is_self=True),
        _agent("tests", 4, age=12, boxes=(mail("a" * 16),), purpose="end-to-end tests"),
        panes_known=True,
        ledgers={IDS["web"]: ledger(_owed("web", page))},
    )


def _trouble() -> Past:
    talk = _Talk()
    page = _healthy_talk(talk)
    late = talk.give("planner", "tests", 800, "Test the page in three browsers.", due=AT - 120)
    lost = talk.give("planner", "docs", 700, "Write the page of the manual.", due=AT + 7_200)
    one = talk.say("api", "web", 260, "Which name has the button that adds a wish?",
                   request_id="name-of-button")  # fmt: skip
    other = talk.say("web", "api", 240, "Which status has a list that is full?",
                     request_id="status-full")  # fmt: skip
    nobody = talk.say("tests", "review", 200, "May I drop the old fixture?", request_id="fixture")
    talk.say("tests", "docs", 150, "The pictures of the page are in docs/pictures.")
    nightly = _agent("nightly", 9, age=3_000)
    return _past(
        talk,
        _agent("planner", 1, age=7, tool=Tool("Task", Family.TASK, True),
               purpose="wish list: plan and review"),
        _agent("api", 2, age=260, client_type="codex", purpose="endpoints of the wish list"),
        _agent("web", 3, age=240, purpose="page of the wish list"),
        _agent("tests", 4, age=2_400, purpose="end-to-end tests", purpose_at=AT - 1_200,
               boxes=(mail("b" * 16, "c" * 16, is_sure=False),)),
        _dead("docs", boxes=(mail("d" * 16),)),
        nightly._replace(pane=None),
        panes_known=True,
        ledgers={
            IDS["web"]: ledger(_owed("web", page)),
            IDS["tests"]: ledger(_owed("tests", late)),
            IDS["docs"]: ledger(_owed("docs", lost)),
        },
        asks=(
            _asked("api", "web", one, waited_on=True),
            _asked("web", "api", other, waited_on=True),
            _asked("tests", "review", nobody, waited_on=False),
        ),
        standings={IDS["review"]: Standing.GONE},
        notices=(Notice(AT - 300, "damped", "api and web sent 20 messages within a minute"),),
        warnings=(unreadable(["4711.json"]),),
    )  # fmt: skip


def _many() -> Past:
    """The fleet in trouble among many sessions that talk a lot."""
    talk = _Talk()
    names = tuple(IDS)
    for number in range(300):
        one, other = names[number % 6], names[(number * 5 + 1) % 7]
        talk.say(one, other, 50_000 - number * 160, f"step {number}\nsecond line of {number}")
    return _past(talk, *(_agent(name, place, age=place * 9) for place, name in enumerate(names)))


EXAMPLES: Final[dict[str, Past]] = {
    "empty": _past(_Talk()),
    "healthy": _healthy(),
    "trouble": _trouble(),
    "many": _many(),
}
"""By what they show."""
