"""The memory store and the file store give the same answers over any history.

The file store is opened by three processes on one folder, the memory store by three owners in one
world; a rule does the same to both and compares what they say.
"""

from __future__ import annotations

import tempfile
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from helpers.depth import examples
from helpers.stores import ALICE, BOB, Hosts, letter
from oxtail.core.address import Route
from oxtail.core.correlation import Ask
from oxtail.core.envelope import Envelope
from oxtail.core.mail import Claim, Receipt
from oxtail.core.names import session_box
from oxtail.store.memory.store import MemoryStore
from oxtail.store.world import World

BOXES = (session_box(BOB), "42")
TTL_MS = 3_600_000
SOURCES = ("00000000000000cc", "00000000000000dd")
REQUESTS = ("00000000000000aa", "00000000000000bb")

senders = st.integers(0, 2)
box_lists = st.lists(st.sampled_from(BOXES), min_size=1, max_size=3)


class StoresAgree(RuleBasedStateMachine):
    """Two stores, three processes each."""

    messages: Bundle[Envelope] = Bundle("messages")
    claims: Bundle[tuple[int, Claim, Claim]] = Bundle("claims")
    shown: Bundle[tuple[int, Claim, Claim]] = Bundle("shown")

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.hosts = Hosts(f"{self.folder.name}/.oxtail")
        self.world = World()
        self.files: list[Any] = [None] * 3
        self.memory: list[Any] = [None] * 3
        for number in range(3):
            self.start(number)
        self.all_ids: set[str] = set()
        self.committed: set[str] = set()
        self.asked = 0

    def start(self, number: int) -> None:
        # The last one is a command, which files its records at once.
        self.files[number] = self.hosts.process(pending_ask_ttl_ms=TTL_MS, stays=number < 2)
        self.memory[number] = MemoryStore(
            self.hosts.clock, world=self.world, pending_ask_ttl_ms=TTL_MS
        )

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            for store in self.files:
                self.hosts.kill(store)
            self.folder.cleanup()

    def both(self, who: int, verb: str, *arguments: Any, **options: Any) -> Any:
        """Do the same to both stores and return the common answer."""
        ours = getattr(self.files[who], verb)(*arguments, **options)
        theirs = getattr(self.memory[who], verb)(*arguments, **options)
        assert ours == theirs, (verb, arguments)
        return ours

    # ------------------------------------------------------------------ mail

    @rule(
        target=messages,
        body=st.text(max_size=20),
        request=st.sampled_from((None, *REQUESTS)),
        source=st.sampled_from((None, *SOURCES)),
    )
    def mint(self, body: str, request: str | None, source: str | None) -> Envelope:
        message = letter(body, reply_to=request, source_message_id=source)
        self.all_ids.add(message.id)
        return message

    @rule(who=senders, message=messages, box=st.sampled_from(BOXES), claimed=st.booleans())
    def put(self, who: int, message: Envelope, box: str, claimed: bool) -> None:
        repeat = message.id in self.committed
        route = Route(box, BOB if claimed else None, 42)
        self.both(who, "put", route, message, repeat=repeat)
        self.committed.add(message.id)

    @rule(who=senders, message=messages, box=st.sampled_from(BOXES))
    def put_repeat(self, who: int, message: Envelope, box: str) -> None:
        self.both(who, "put", Route(box, BOB, None), message, repeat=True)
        self.committed.add(message.id)

    @rule(who=senders, message=messages, box=st.sampled_from(BOXES))
    def put_copy(self, who: int, message: Envelope, box: str) -> None:
        self.both(who, "put_copy", box, message)

    @rule(who=senders, boxes=box_lists)
    def peek(self, who: int, boxes: list[str]) -> None:
        self.both(who, "peek", boxes)

    @rule(target=claims, who=senders, boxes=box_lists, data=st.data())
    def claim(self, who: int, boxes: list[str], data: st.DataObject) -> Any:
        seen = [m.id for m in self.both(who, "peek", boxes).messages]
        ids = data.draw(st.lists(st.sampled_from(seen), unique=True)) if seen else []
        ours = self.files[who].claim(boxes, ids)
        theirs = self.memory[who].claim(boxes, ids)
        assert ours.messages == theirs.messages
        assert len(ours.tokens) == len(theirs.tokens)
        assert ours.skipped == theirs.skipped == ()
        return (who, ours, theirs) if ours.tokens else multiple()

    def is_mine(self, who: int, ours: Claim) -> bool:
        return all(token.split(".")[1] == str(self.files[who].pid) for token in ours.tokens)

    @rule(target=shown, held=consumes(claims))
    def ack(self, held: tuple[int, Claim, Claim]) -> Any:
        who, ours, theirs = held
        if not self.is_mine(who, ours):
            return multiple()  # the process that held it is dead
        self.files[who].ack(ours, "cli", BOB)
        self.memory[who].ack(theirs, "cli", BOB)
        return held

    @rule(held=consumes(claims), data=st.data())
    def forward(self, held: tuple[int, Claim, Claim], data: st.DataObject) -> None:
        who, ours, theirs = held
        if self.is_mine(who, ours):
            held_ids = [message.id for message in ours.messages]
            ids = data.draw(st.lists(st.sampled_from(held_ids), unique=True)) if held_ids else []
            self.files[who].forward(ours, ids)
            self.memory[who].forward(theirs, ids)

    @rule(who=senders, message=messages)
    def shown_elsewhere(self, who: int, message: Envelope) -> None:
        self.both(
            who, "shown_elsewhere", Receipt(message.id, int(self.hosts.clock.now()), "cli", ALICE)
        )

    @rule(held=consumes(claims))
    def release(self, held: tuple[int, Claim, Claim]) -> None:
        who, ours, theirs = held
        if self.is_mine(who, ours):
            self.files[who].release(ours)
            self.memory[who].release(theirs)

    @rule(held=consumes(shown))
    def retract(self, held: tuple[int, Claim, Claim]) -> None:
        who, ours, theirs = held
        if self.is_mine(who, ours):
            self.files[who].retract(ours)
            self.memory[who].retract(theirs)

    @rule(who=senders)
    def owner_dies(self, who: int) -> None:
        self.hosts.kill(self.files[who])
        self.memory[who].die()
        self.start(who)

    @rule(who=senders, source=st.sampled_from(BOXES), goal=st.sampled_from(BOXES))
    def adopt(self, who: int, source: str, goal: str) -> None:
        self.both(who, "adopt_box", source, goal)

    @rule(who=senders, box=st.sampled_from(BOXES))
    def quarantine(self, who: int, box: str) -> None:
        self.both(who, "quarantine_box", box, "test")

    # ------------------------------------------------------------------ questions and time

    def ask(self, request: str) -> Ask:
        return Ask(ALICE, request, BOB, "0123456789abcdef", 1_800_000_000, 0)

    @rule(who=senders, request=st.sampled_from(REQUESTS))
    def open_ask(self, who: int, request: str) -> None:
        self.asked += 1
        at = int(self.hosts.clock.now() * 1000)
        self.both(who, "open_ask", self.ask(request)._replace(at_ms=at))

    @rule(
        who=senders, request=st.sampled_from(REQUESTS), verb=st.sampled_from(("close", "suspend"))
    )
    def end_ask(self, who: int, request: str, verb: str) -> None:
        self.both(who, f"{verb}_ask", self.ask(request))

    @precondition(lambda self: self.asked)
    @rule(who=senders, request=st.sampled_from(REQUESTS))
    def consume_ask(self, who: int, request: str) -> None:
        self.both(who, "consume_pending_ask", ALICE, request)

    @precondition(lambda self: self.asked)
    @rule(who=senders)
    def list_asks(self, who: int) -> None:
        self.both(who, "waiting_asks", ALICE)
        pending = [
            sorted(ask.request_id for ask in stores[who].pending_asks(ALICE))
            for stores in (self.files, self.memory)
        ]
        assert pending[0] == pending[1]

    @precondition(lambda self: self.asked)
    @rule(who=senders, request=st.sampled_from(REQUESTS))
    def wake_for_ask(self, who: int, request: str) -> None:
        self.both(who, "woken_for_ask", ALICE, request)

    @precondition(lambda self: self.asked)
    @rule(who=senders)
    def look_at_all_asks(self, who: int) -> None:
        seen = [
            sorted(
                (one.ask.session_id, one.ask.request_id, one.waited_on, one.attempts)
                for one in stores[who].all_asks(10)
            )
            for stores in (self.files, self.memory)
        ]
        assert seen[0] == seen[1]

    @rule(who=senders, most=st.sampled_from((None, 1)))
    def settle(self, who: int, most: int | None) -> None:
        self.files[who].settle(most)
        self.memory[who].settle(most)

    @rule(who=senders)
    def close(self, who: int) -> None:
        self.both(who, "close")

    @rule(who=senders)
    def tidy_asks(self, who: int) -> None:
        self.both(who, "sweep_asks")

    @rule(who=senders)
    def sweep(self, who: int) -> None:
        self.both(who, "sweep")

    @rule(hours=st.sampled_from((0.5, 2, 200)))
    def time_passes(self, hours: float) -> None:
        # Whole steps beyond what real time may add, so that no limit falls between two looks.
        # Servers settle within a minute, and each that starts does it for the dead.
        for store in self.files:
            store.settle()
        self.files[0]._sent.settle_for_the_dead()
        self.hosts.clock.advance(hours * 3600)

    # ------------------------------------------------------------------ what always holds

    @invariant()
    def records_agree(self) -> None:
        if not hasattr(self, "all_ids"):
            return
        for message_id in sorted(self.all_ids):
            self.both(0, "lookup", BOB, message_id)
            self.both(0, "is_waiting", BOXES, message_id)
            self.both(0, "sent", message_id)
            ours, theirs = (s[0].receipt(message_id) for s in (self.files, self.memory))
            assert (ours is None) == (theirs is None)
            if ours and theirs:
                assert ours._replace(delivered_at=0) == theirs._replace(delivered_at=0)
        for request in REQUESTS:
            self.both(0, "answers", BOB, request, ALICE)
        for source in SOURCES:
            for request in (None, REQUESTS[0]):
                self.both(0, "replies", BOB, source, request)
        for box in BOXES:
            self.both(0, "has_mail", box)


QUICK = settings(
    max_examples=examples(40),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)


def test_the_stores_agree() -> None:
    run_state_machine_as_test(StoresAgree, settings=QUICK)


@pytest.mark.slow
def test_the_stores_agree_over_many_long_histories() -> None:
    run_state_machine_as_test(
        StoresAgree, settings=settings(QUICK, max_examples=examples(60), stateful_step_count=60)
    )
