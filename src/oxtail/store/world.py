"""What the memory stores of one program share, as file stores share a folder."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self

from oxtail.core.names import bell_of
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oxtail.core.correlation import Ask
    from oxtail.core.envelope import Envelope
    from oxtail.core.mail import Receipt, Sent
    from oxtail.core.work import Closing


class Held(Value):
    """A claim on one box."""

    box: str
    messages: tuple[Envelope, ...]
    owner: int


class World:
    """What all memory stores of one test or program share."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.boxes: dict[str, list[Envelope]] = {}
        self.ledgers: dict[str, list[Envelope]] = {}
        self.claims: dict[str, Held] = {}
        self.receipts: dict[str, Receipt] = {}
        self.sent: dict[str, tuple[Sent, float]] = {}
        self.waiting: dict[tuple[str, str], tuple[Ask, int]] = {}
        self.pending: dict[tuple[str, str], tuple[Ask, float]] = {}
        self.wakes: dict[tuple[str, str], int] = {}
        self.outcomes: dict[tuple[str, str], dict[str, Any]] = {}
        self.closings: dict[tuple[str, str], Closing] = {}
        self.dead: set[int] = set()
        self.bells: list[MemoryBell] = []
        self.owners = 0

    def ring(self, box: str) -> None:
        """Ring every bell on *box*."""
        for bell in self.bells:
            if bell_of(box) in bell.boxes:
                bell.ring()


class MemoryBell:
    """A doorbell between threads; see :class:`oxtail.ports.Bell`."""

    def __init__(self, world: World, boxes: Iterable[str]) -> None:
        self.boxes = frozenset(map(bell_of, boxes))
        self._world = world
        self._changed = threading.Condition()
        self._rung = False
        self._interrupted = False

    def __enter__(self) -> Self:
        with self._world.lock:
            self._world.bells.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        with self._world.lock:
            self._world.bells.remove(self)

    def ring(self) -> None:
        """Ring."""
        with self._changed:
            self._rung = True
            self._changed.notify_all()

    def wait(self, timeout: float) -> bool:
        """Wait for a ring; see :meth:`oxtail.ports.Bell.wait`."""
        with self._changed:
            self._changed.wait_for(lambda: self._rung or self._interrupted, max(timeout, 0))
            rung, self._rung, self._interrupted = self._rung, False, False
            return rung

    def interrupt(self) -> None:
        """End a wait; see :meth:`oxtail.ports.Bell.interrupt`."""
        with self._changed:
            self._interrupted = True
            self._changed.notify_all()
