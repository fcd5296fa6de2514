"""A store that mail reaches through a carrier gives the same answers as one that it is put into."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)

from helpers.capabilities import needs
from helpers.carriers import CarrierThread, FileHost, prepare
from helpers.depth import examples
from helpers.nats_server import NatsServer, nats_server
from helpers.stores import letter
from helpers.waiting import until
from oxtail.core.address import Route
from oxtail.core.envelope import Envelope
from oxtail.core.mail import Claim
from oxtail.core.names import relay_box, session_box
from oxtail.core.remote import without
from oxtail.store.memory.store import MemoryStore
from oxtail.store.nats.settings import Engine

pytestmark = [needs("nats"), pytest.mark.slow]

ANN, BOB = "ann-session", "bob-session"
BOX = session_box(BOB)


class CarriedStoreAgrees(RuleBasedStateMachine):
    """Ann's host, the server, Bob's host; and one memory store that stands for all of it."""

    server: ClassVar[NatsServer]
    messages: Bundle[Envelope] = Bundle("messages")
    claims: Bundle[tuple[Claim, Claim]] = Bundle("claims")
    shown: Bundle[tuple[Claim, Claim]] = Bundle("shown")

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name)
        first, second = os.urandom(8).hex(), os.urandom(8).hex()
        self.ann = FileHost(path / "a", first, [ANN + first])
        self.bob = FileHost(path / "b", second, [BOB])
        self.memory = MemoryStore(self.bob.clock)
        self.engine = Engine((self.server.url,))
        self.carriers: dict[str, CarrierThread] = {}
        self.start("ann")
        self.start("bob")
        until(lambda: self.bob.hosts.host_of(self.ann.sessions[0]))

    def start(self, name: str) -> None:
        self.carriers[name] = CarrierThread(getattr(self, name), self.engine)
        self.carriers[name].__enter__()

    def teardown(self) -> None:
        for carrier in getattr(self, "carriers", {}).values():
            carrier.stop()
        if hasattr(self, "folder"):
            self.folder.cleanup()

    @rule(target=messages, body=st.text(max_size=20), request=st.none() | st.just("0" * 16))
    def mint(self, body: str, request: str | None) -> Envelope:
        return letter(body, from_session_id=self.ann.sessions[0], reply_to=request)

    @rule(message=messages)
    def send(self, message: Envelope) -> None:
        self.ann.send(self.bob.host.host_id, BOB, message)
        self.memory.put(Route(BOX, BOB, None), message, repeat=True)

    @rule(name=st.sampled_from(("ann", "bob")))
    def carrier_changes(self, name: str) -> None:
        self.carriers[name].stop()
        self.start(name)

    def settle(self) -> None:
        """Wait until nothing is on its way."""
        box = relay_box(self.bob.host.host_id)
        until(lambda: not self.ann.store.has_mail(box))
        wanted = [message.id for message in self.memory.peek([BOX]).messages]
        until(lambda: [m.id for m in self.bob.box(BOB)] == wanted, every=0.02)

    @rule(target=claims, data=st.data())
    def claim(self, data: st.DataObject) -> Any:
        self.settle()
        seen = [m.id for m in self.memory.peek([BOX]).messages]
        ids = data.draw(st.lists(st.sampled_from(seen), unique=True)) if seen else []
        ours, theirs = self.bob.store.claim([BOX], ids), self.memory.claim([BOX], ids)
        assert [without(m, "from_host") for m in ours.messages] == list(theirs.messages)
        return (ours, theirs) if ours.tokens else multiple()

    @rule(target=shown, held=consumes(claims))
    def ack(self, held: tuple[Claim, Claim]) -> Any:
        self.bob.store.ack(held[0], "cli", BOB)
        self.memory.ack(held[1], "cli", BOB)
        return held

    @rule(held=consumes(claims))
    def release(self, held: tuple[Claim, Claim]) -> None:
        self.bob.store.release(held[0])
        self.memory.release(held[1])

    @rule(held=consumes(shown))
    def retract(self, held: tuple[Claim, Claim]) -> None:
        self.bob.store.retract(held[0])
        self.memory.retract(held[1])

    @rule(message=messages)
    def records_agree(self, message: Envelope) -> None:
        self.settle()
        ours = self.bob.store.lookup(BOB, message.id)
        assert (without(ours, "from_host") if ours else None) == self.memory.lookup(BOB, message.id)
        receipts = [store.receipt(message.id) for store in (self.bob.store, self.memory)]
        assert (receipts[0] is None) == (receipts[1] is None)
        sender = self.ann.sessions[0]
        answers = [s.answers(BOB, "0" * 16, sender) for s in (self.bob.store, self.memory)]
        assert answers[0] == answers[1]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with nats_server(tmp_path / "nats") as running:
        prepare(Engine((running.url,)))
        yield running


def test_the_carried_store_agrees(server: NatsServer) -> None:
    CarriedStoreAgrees.server = server
    run_state_machine_as_test(
        CarriedStoreAgrees,
        settings=settings(
            max_examples=examples(8),
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
