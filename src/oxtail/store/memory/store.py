"""The store in memory: one process, nothing on disk, the same promises.

It is the reference that the file store is compared with, the store of unit tests, and good for
demonstrations.  A :class:`~oxtail.store.world.World` is what the disk is to the file store: several
stores on one world
are several processes, and :meth:`MemoryStore.die` is the death of one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.envelope import Envelope, encode, replies_to
from oxtail.core.mail import Claim, Peek, Receipt, Sent
from oxtail.core.names import check_box, is_message_id
from oxtail.core.value import Value
from oxtail.errors import BadArgument
from oxtail.store.memory.asks import MemoryAsks
from oxtail.store.retention import LEDGER_BOUND, RECORD_KEEP_SECONDS, RETRACTABLE, ledger_limit
from oxtail.store.world import Held, MemoryBell, World
from oxtail.trace import Trace, silent

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from oxtail.core.address import Route
    from oxtail.ports import Clock, Ids


class _Shown(Value):
    """What an acknowledged claim held, for taking it back."""

    held: tuple[Held, ...]
    receipts: tuple[str, ...]


class MemoryStore(MemoryAsks):
    """A :class:`oxtail.ports.Store` in memory.

    Attributes:
        world: What this store shares with others.
    """

    def __init__(
        self,
        clock: Clock,
        ids: Ids | None = None,
        trace: Trace = silent,
        *,
        world: World | None = None,
        received_max: int = LEDGER_BOUND,
        pending_ask_ttl_ms: int = 3_600_000,
    ) -> None:
        super().__init__(world or World(), clock, pending_ask_ttl_ms / 1000)
        self._ids = ids
        self._trace = trace
        self._bound = max(received_max, LEDGER_BOUND)
        self._shown: dict[tuple[str, ...], _Shown] = {}
        self._count = 0

    def die(self) -> None:
        """Make this store a dead process: others take over what it held."""
        with self.world.lock:
            self.world.dead.add(self._owner)

    # ------------------------------------------------------------------ sending

    def put(self, route: Route, envelope: Envelope, *, repeat: bool = False) -> None:
        """Make a message exist; see :meth:`oxtail.ports.Store.put`."""
        self._check(envelope)
        with self.world.lock:
            if route.session_id and not route.is_held:
                self._record(route.session_id, envelope, repeat)
            box = self._box(route.box)
            if not (repeat and self._is_known(box, envelope.id)):
                box.append(envelope)
            sent = Sent(
                envelope.id,
                envelope.enqueued_at,
                route.session_id,
                route.server_pid,
                envelope.from_session_id,
            )
            self.world.sent.setdefault(envelope.id, (sent, self._clock.now()))
            self.world.ring(route.box)

    def settle(self, most: int | None = None) -> bool:  # noqa: ARG002 - there is none
        """Do nothing: a send leaves nothing for later; see :meth:`oxtail.ports.Store.settle`."""
        return False

    def close(self) -> None:
        """Do nothing; see :meth:`oxtail.ports.Store.close`."""

    def put_copy(self, box: str, envelope: Envelope) -> None:
        """Append to one more box; see :meth:`oxtail.ports.Store.put_copy`."""
        self._check(envelope)
        with self.world.lock:
            self._box(box).append(envelope)
            self.world.ring(box)

    def _check(self, envelope: Envelope) -> None:
        try:
            encode(envelope)
        except ValueError as error:
            raise BadArgument("id", "must be sixteen lower-case hex digits") from error

    def _box(self, name: str) -> list[Envelope]:
        return self.world.boxes.setdefault(check_box(name), [])

    def _is_known(self, box: list[Envelope], message_id: str) -> bool:
        return (
            message_id in self.world.receipts
            or any(m.id == message_id for m in box)
            or any(m.id == message_id for held in self.world.claims.values() for m in held.messages)
        )

    def _record(self, session_id: str, envelope: Envelope, repeat: bool) -> None:
        ledger = self.world.ledgers.setdefault(session_id, [])
        if repeat and any(m.id == envelope.id for m in ledger):
            return
        ledger.append(envelope)
        if len(ledger) > ledger_limit(self._bound):
            excess = len(ledger) - self._bound
            kept = []
            for message in ledger:
                is_open = message.action_required and (
                    (session_id, message.id) not in self.world.outcomes
                )
                if excess > 0 and not is_open:
                    excess -= 1
                else:
                    kept.append(message)
            ledger[:] = kept

    # ------------------------------------------------------------------ reading

    def peek(self, boxes: Sequence[str]) -> Peek:
        """Look without taking; see :meth:`oxtail.ports.Store.peek`."""
        found: dict[str, Envelope] = {}
        with self.world.lock:
            for name in dict.fromkeys(boxes):
                self._recover(name)
                box = self._box(name)
                box[:] = [m for m in box if m.id not in self.world.receipts]
                for message in box:
                    found.setdefault(message.id, message)
        return Peek(tuple(found.values()))

    def claim(self, boxes: Sequence[str], ids: Collection[str]) -> Claim:
        """Take messages and hold them; see :meth:`oxtail.ports.Store.claim`."""
        wanted = frozenset(ids)
        tokens = []
        found: dict[str, Envelope] = {}
        with self.world.lock:
            for name in dict.fromkeys(boxes):
                self._recover(name)
                box = self._box(name)
                box[:] = [m for m in box if m.id not in self.world.receipts]
                taken = tuple(m for m in box if m.id in wanted)
                if not taken:
                    continue
                box[:] = [m for m in box if m.id not in wanted]
                tokens.append(self._hold(name, taken))
                for message in taken:
                    found.setdefault(message.id, message)
        return Claim(tuple(tokens), tuple(found.values()))

    def _hold(self, box: str, messages: tuple[Envelope, ...]) -> str:
        self._count += 1
        token = f"{box}.{self._owner}.{self._count}"
        self.world.claims[token] = Held(box, messages, self._owner)
        return token

    def ack(self, claim: Claim, via: str, session_id: str | None) -> None:
        """Finish a claim; see :meth:`oxtail.ports.Store.ack`."""
        now = int(self._clock.now())
        with self.world.lock:
            created = []
            for message in claim.messages:
                if is_message_id(message.id) and message.id not in self.world.receipts:
                    self.world.receipts[message.id] = Receipt(message.id, now, via, session_id)
                    created.append(message.id)
            held = [self.world.claims.pop(token, None) for token in claim.tokens]
            self._shown[claim.tokens] = _Shown(tuple(h for h in held if h), tuple(created))
            while len(self._shown) > RETRACTABLE:
                del self._shown[next(iter(self._shown))]

    def release(self, claim: Claim) -> None:
        """Give a claim back; see :meth:`oxtail.ports.Store.release`."""
        with self.world.lock:
            for token in reversed(claim.tokens):
                if held := self.world.claims.pop(token, None):
                    self._put_back(held)

    def forward(self, claim: Claim, ids: Collection[str]) -> None:
        """Drop what another host has taken over; see :meth:`oxtail.ports.Store.forward`."""
        with self.world.lock:
            for token in reversed(claim.tokens):
                if held := self.world.claims.pop(token, None):
                    left = tuple(m for m in held.messages if m.id not in ids)
                    self._put_back(held._replace(messages=left))

    def retract(self, claim: Claim) -> None:
        """Undo an acknowledgement; see :meth:`oxtail.ports.Store.retract`."""
        with self.world.lock:
            shown = self._shown.pop(claim.tokens, None)
            if shown is None:
                return
            for message_id in shown.receipts:
                self.world.receipts.pop(message_id, None)
            for held in reversed(shown.held):
                self._put_back(held)

    def _put_back(self, held: Held) -> None:
        box = self._box(held.box)
        present = {m.id for m in box} | self.world.receipts.keys()
        back: dict[str, Envelope] = {}
        for message in held.messages:
            if message.id not in present:
                back.setdefault(message.id, message)
        box[:0] = back.values()
        self.world.ring(held.box)

    def _recover(self, box: str) -> None:
        for token, held in reversed(self.world.claims.copy().items()):
            if held.box == box and held.owner in self.world.dead:
                del self.world.claims[token]
                self._put_back(held)

    # ------------------------------------------------------------------ records

    def lookup(self, session_id: str, message_id: str) -> Envelope | None:
        """Find a received message; see :meth:`oxtail.ports.Store.lookup`."""
        with self.world.lock:
            ledger = self.world.ledgers.get(session_id, [])
            return next((m for m in reversed(ledger) if m.id == message_id), None)

    def answers(self, session_id: str, request_id: str, from_session_id: str) -> tuple[str, ...]:
        """Find answers; see :meth:`oxtail.ports.Store.answers`."""
        with self.world.lock:
            return tuple(
                dict.fromkeys(
                    m.id
                    for m in self.world.ledgers.get(session_id, ())
                    if request_id
                    and m.reply_to == request_id
                    and m.from_session_id == from_session_id
                )
            )

    def replies(
        self, session_id: str, message_id: str, request_id: str | None
    ) -> tuple[Envelope, ...]:
        """Find replies; see :meth:`oxtail.ports.Store.replies`."""
        with self.world.lock:
            found = {
                message.id: message
                for message in self.world.ledgers.get(session_id, ())
                if replies_to(message, message_id, request_id)
            }
        return tuple(sorted(found.values(), key=lambda message: (message.enqueued_at, message.id)))

    def latest_from(self, session_id: str, sender: str, since: int) -> tuple[Envelope, ...]:
        """Find messages of a sender; see :meth:`oxtail.ports.Store.latest_from`."""
        with self.world.lock:
            found = [m for m in self.world.ledgers.get(session_id, ()) if m.enqueued_at > since]
        return tuple(m for m in reversed(found) if m.from_session_id == sender)

    def shown_elsewhere(self, receipt: Receipt) -> bool:
        """Keep another host's receipt; see :meth:`oxtail.ports.Store.shown_elsewhere`."""
        with self.world.lock:
            return self.world.receipts.setdefault(receipt.message_id, receipt) is receipt

    def receipt(self, message_id: str) -> Receipt | None:
        """Return a receipt; see :meth:`oxtail.ports.Store.receipt`."""
        return self.world.receipts.get(message_id)

    def sent(self, message_id: str) -> Sent | None:
        """Return a sender's record; see :meth:`oxtail.ports.Store.sent`."""
        record = self.world.sent.get(message_id)
        return record[0] if record else None

    def is_waiting(self, boxes: Sequence[str], message_id: str) -> bool:
        """Tell whether a message is still on its way; see :meth:`oxtail.ports.Store.is_waiting`."""
        with self.world.lock:
            return any(m.id == message_id for name in boxes for m in self._box(name)) or any(
                m.id == message_id
                for held in self.world.claims.values()
                if held.box in boxes
                for m in held.messages
            )

    # ------------------------------------------------------------------ boxes

    def adopt_box(self, source: str, target: str, ids: Collection[str] | None = None) -> int:
        """Move a box; see :meth:`oxtail.ports.Store.adopt_box`."""
        with self.world.lock:
            self._recover(source)
            if source == target:
                return 0
            mail, box = self._box(source), self._box(target)
            present = {m.id for m in box}
            moved: dict[str, Envelope] = {}
            going = [m for m in mail if ids is None or m.id in ids]
            for message in going:
                if message.id not in present:
                    moved.setdefault(message.id, message)
            box.extend(moved.values())
            mail[:] = [m for m in mail if not (ids is None or m.id in ids)]
            if moved:
                self.world.ring(target)
            return len(moved)

    def quarantine_box(self, box: str, reason: str) -> int:
        """Set a box aside; see :meth:`oxtail.ports.Store.quarantine_box`."""
        with self.world.lock:
            self._recover(box)
            mail = self._box(box)
            count = len(mail)
            mail.clear()
        if count:
            self._trace("damaged_set_aside", path=box, problem=reason, lines=count)
        return count

    def has_mail(self, box: str) -> bool:
        """Tell whether a box holds anything; see :meth:`oxtail.ports.Store.has_mail`."""
        with self.world.lock:
            return bool(self._box(box)) or any(h.box == box for h in self.world.claims.values())

    def bell(self, boxes: Sequence[str], *, patient: bool = False) -> MemoryBell:  # noqa: ARG002
        """Return a doorbell; see :meth:`oxtail.ports.Store.bell`."""
        return MemoryBell(self.world, boxes)

    # ------------------------------------------------------------------ tidying

    def ring(self, box: str) -> None:
        """Ring the bells of a box; see :meth:`oxtail.ports.Store.ring`."""
        with self.world.lock:
            self.world.ring(box)

    def hurried(self, budget_ms: int) -> MemoryStore:  # noqa: ARG002 - it never waits
        """Return this store; see :meth:`oxtail.ports.Store.hurried`."""
        return self

    def sweep(self) -> None:
        """Forget old records; see :meth:`oxtail.ports.Store.sweep`."""
        now = self._clock.now()
        oldest = now - RECORD_KEEP_SECONDS
        with self._settled_asks():
            world = self.world
            world.receipts = {i: r for i, r in world.receipts.items() if r.delivered_at >= oldest}
            world.sent = {i: s for i, s in world.sent.items() if s[1] >= oldest}
            self.sweep_asks()
            for name in {held.box for held in world.claims.values()}:
                self._recover(name)
