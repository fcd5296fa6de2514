"""Facts of small fleets, for tests of what is made of them."""

from __future__ import annotations

from typing import Any

from helpers.fakes import ALICE, BOB, CAROL
from oxtail.core.activity import Activity, Family, Tool
from oxtail.core.census import BoxView, LedgerView, Letter
from oxtail.core.correlation import Ask, OpenAsk
from oxtail.core.envelope import Envelope
from oxtail.core.fleet import Fleet
from oxtail.core.fleet_agent import Agent
from oxtail.core.fleet_facts import AgentFacts, Facts
from oxtail.core.liveness import Life
from oxtail.core.pane import Pane
from oxtail.core.snapshot import snapshot
from oxtail.core.work import Owed, State

NOW = 1_800_000_000.0
IDS = {"alice": ALICE, "bob": BOB, "carol": CAROL}
RUNNING_TOOL = Tool("Bash", Family.BASH, True)


def agent(name: str, /, **facts: Any) -> AgentFacts:
    """An agent that runs, idle for five minutes; *age* is that of its transcript."""
    session_id = IDS.get(name, name)
    age = facts.pop("age", 300)
    if facts.get("session_id", session_id) is None:
        facts.setdefault("ids", ())
    tool = facts.pop("tool", None)
    made = AgentFacts(
        session_id=session_id,
        server_pid=1000 + sum(map(ord, name)),
        client_type="claude-code",
        cwd="/project",
        name=name,
        is_proved=True,
        ids=(session_id,),
        activity=Activity(None if age is None else NOW - age, tool),
    )
    return made._replace(**facts)


def dead(name: str, /, **facts: Any) -> AgentFacts:
    return agent(name, **{"life": Life.EXITED, **facts})


def mail(*ids: str, sender: str | None = ALICE, is_sure: bool = True) -> BoxView:
    return BoxView(tuple(Letter(each, int(NOW) - 60, sender) for each in ids), is_sure)


def work(
    owner: str, message_id: str, *, of: str = "alice", due: int | None = None, body: str = "do it"
) -> Owed:
    extra = () if due is None else (("deadline", due),)
    message = Envelope(
        message_id,
        body,
        int(NOW) - 100,
        from_session_id=IDS.get(of, of),
        action_required=True,
        extra=extra,
    )
    return Owed(IDS.get(owner, owner), message, True, State.OPEN)


def ledger(*owed: Owed, **facts: Any) -> LedgerView:
    return LedgerView(tuple(owed), **facts)


def ask(
    waiter: str, target: str, request: str, *, waited_on: bool = False, age: int = 60
) -> OpenAsk:
    since = NOW - age
    one = Ask(
        IDS[waiter], request, IDS.get(target, target), f"{request:0>16}", 0, int(since * 1000)
    )
    return OpenAsk(one, waited_on, since)


def pane(number: int, window: str = "", index: int | None = None) -> Pane:
    return Pane(
        "work", "/project", 5, True, 2, f"%{number}", 7000 + number, "/project", False, window,
        number if index is None else index, int(NOW) - 4,
    )  # fmt: skip


def fleet(*agents: AgentFacts, **facts: Any) -> Fleet:
    """Return the snapshot of *agents*."""
    facts.setdefault("project_root", "/project")
    return snapshot(Facts(at=NOW, agents=agents, **facts))


def one(made: Fleet, name: str) -> Agent:
    """Return the agent of that name."""
    found = made.agent(IDS.get(name, name))
    assert found is not None
    return found
