"""Three fleets that every screen is looked at with: empty, healthy, and in trouble."""

from __future__ import annotations

from helpers.fakes import ALICE, BOB, CAROL
from helpers.fleets import NOW, agent, ask, dead, fleet, ledger, mail, pane, work
from oxtail.core.activity import Family, Tool
from oxtail.core.envelope import Envelope
from oxtail.core.fleet import Fleet
from oxtail.core.fleet_facts import Alert
from oxtail.core.history import Record
from oxtail.core.presence import Marker

AT = int(NOW)
DAVE = "dddddddd-0000-4000-8000-000000000004"
ERIN = "eeeeeeee-0000-4000-8000-000000000005"
QUESTION, ANSWER, DELEGATED, ORDER = "a" * 16, "b" * 16, "c" * 16, "d" * 16

QUIET_GREP = Tool("Grep", Family.SEARCH, False)
RUNNING_BASH = Tool("Bash", Family.BASH, True)


def record(
    to: str, message_id: str, body: str, age: int, *, sender: str | None = ALICE, **members: object
) -> Record:
    """One message of the past."""
    message = Envelope(message_id, body, AT - age, from_session_id=sender, **members)
    return Record(to, "", message)


def talk() -> tuple[Record, ...]:
    """A question with its answer, delegated work, and a word of the operator."""
    return (
        record(BOB, QUESTION, "Which parser do we keep?\nThe old one is slow.", 600,
               request_id="r" * 16),
        record(ALICE, ANSWER, "The new one; its tests pass.", 540, sender=BOB, reply_to="r" * 16),
        record(BOB, DELEGATED, "Port the parser tests to the new fixtures", 300,
               action_required=True),
        record(ALICE, ORDER, "Please stop at five", 60, sender=None,
               origin="operator"),
    )  # fmt: skip


def empty() -> Fleet:
    """Nobody is here."""
    return fleet(project_root="/home/me/app")


def healthy() -> Fleet:
    """Everybody works, or waits for a person."""
    return fleet(
        agent("alice", age=5, is_self=True, tool=RUNNING_BASH, purpose="port the parser",
              purpose_at=AT - 30, pane=pane(1, "main"), marker=Marker(True, NOW - 9)),
        agent("bob", age=90, tool=QUIET_GREP, client_type="codex", pane=pane(2, "side")),
        agent("carol", age=200, boxes=(mail("e" * 16),), purpose="read the docs",
              purpose_at=AT - 150, pane=pane(3, "docs")),
        agent(DAVE, name="dave", age=40),
        project_root="/home/me/app",
        panes_known=True,
        records=talk(),
    )  # fmt: skip


def troubled() -> Fleet:
    """A deadlock, a wait that nobody will end, stranded work and mail, and what doctor found."""
    return fleet(
        agent("alice", age=5, is_self=True, tool=RUNNING_BASH, purpose="port the parser",
              purpose_at=AT - 30, pane=pane(1, "main")),
        agent("bob", age=300, client_type="codex", boxes=(mail("e" * 16, "f" * 16, is_sure=False),),
              pane=pane(2, "side")),
        agent(ERIN, name="erin", age=900, purpose="watch the build", purpose_at=AT - 800,
              pane=pane(3, "build"), files=frozenset(("55.json",))),
        dead("carol", boxes=(mail("1" * 16),)),
        dead(DAVE, name="dave"),
        ledgers={
            BOB: ledger(work("bob", DELEGATED, due=AT - 60, body="Port the parser tests")),
            ALICE: ledger(work("alice", "2" * 16, of="bob", due=AT + 600, body="Review the port")),
            DAVE: ledger(work(DAVE, "3" * 16, of="bob", body="Publish the docs")),
        },
        asks=(
            ask("alice", "bob", "4", waited_on=True, age=50),
            ask("bob", "alice", "5", waited_on=True, age=40),
            ask("alice", "carol", "6", age=120),
        ),
        records=talk(),
        findings=(
            Alert("registry", "wrong", "the entry of process 55 is damaged",
                  "oxtail doctor names the file", "/state/sessions/55.json"),
        ),
        project_root="/home/me/app",
        panes_known=True,
        warnings=("tmux could not be asked: it did not answer within 2 s",),
    )  # fmt: skip


SCENES = {"empty": empty, "healthy": healthy, "troubled": troubled}
KNOWN = {"alice": ALICE, "bob": BOB, "carol": CAROL, "dave": DAVE, "erin": ERIN}
