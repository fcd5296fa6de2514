"""A session's own server watches its inbox and brings mail in through the session's doors.

Losing a nudge changes when mail is read, never whether: the mail stays in the box until somebody
shows it.  The rules are in :mod:`oxtail.core.nudge`.  An offer that a door took is recorded, so
that the sender can be told; only the receipt ends the offers.
Whatever moves the mail rings here, so this is also what makes the witness look.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from oxtail.app.drain import waiting_mail
from oxtail.app.read import reserved_for_asks
from oxtail.app.send import SILENT
from oxtail.app.witness import Witness
from oxtail.core.evidence import Offered
from oxtail.core.nudge import LOOK_SECONDS, START_SECONDS, Facts, Verdict, decide, text_for
from oxtail.core.presence import Marker, classify
from oxtail.core.wake import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.app.context import Context
    from oxtail.ports import Bell, OwnDoor

REST_SECONDS: Final = 30.0
"""Longest time between two looks while the inbox is empty; a ring ends it."""

FLOOD_SECONDS: Final = 0.25
"""Least time between two looks while mail waits: each reads all of it, and a flood rings a lot."""

FLOOD_SHARE: Final = 4
"""How many times as long as a look took is rested at least before the next one."""

IDLE_SHARE: Final = 50
"""The same where nothing rings: thousands of unread messages must not keep a processor busy."""

TROUBLE_SECONDS: Final = 5.0
"""How long to rest after a look that failed."""

RECORDED_MAX: Final = 100
"""For how many messages of one offer it is recorded; a flood is announced as a number."""


class Watcher:
    """Watches the inbox of the session of *ctx*.

    Args:
        ctx: The context of the session's server.
        doors: The session's doors, best first.
    """

    def __init__(self, ctx: Context, doors: Sequence[OwnDoor]) -> None:
        self._ctx = ctx
        self._doors = tuple(doors)
        self._witness = Witness(ctx)
        self._offered: dict[str, int] = {}
        self._seen_at: dict[str, float] = {}
        self._offered_at: float | None = None
        self._has_looked = False
        self._bell: Bell | None = None
        self._began = ctx.clock.now()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End :meth:`run` soon; from any thread."""
        self._stopped.set()
        self._stir()

    def _stir(self) -> None:
        """End a rest, so that what has become of the session is looked at now."""
        bell = self._bell
        if bell is not None:
            bell.interrupt()

    def run(self) -> None:
        """Watch until :meth:`stop`; a look that fails is traced and the next one comes."""
        self._ctx.session.tell(self._stir)
        while not self._stopped.is_set():
            try:
                self._ctx.session.stay()
                self._watch_boxes(self._ctx.session.boxes())
                # What moves while no bell hangs is heard by nobody.
                self._witness.stir()
            except Exception:  # noqa: BLE001 - a watcher that ends leaves its session deaf
                import traceback

                self._ctx.trace("watch_failed", stack=traceback.format_exc())
                self._stopped.wait(TROUBLE_SECONDS)

    def _watch_boxes(self, boxes: tuple[str, ...]) -> None:
        """Watch until the boxes of the session are others, or the end."""
        with self._ctx.store.bell(boxes, patient=True) as bell:
            self._bell = bell
            try:
                rest, took = self._timed_look(boxes)
                while not self._stopped.is_set() and self._ctx.session.boxes() == boxes:
                    if rest < REST_SECONDS:
                        pause = max(FLOOD_SECONDS, FLOOD_SHARE * took)
                        self._stopped.wait(min(pause, REST_SECONDS))
                    if bell.wait(min(max(rest, IDLE_SHARE * took), REST_SECONDS)):
                        self._witness.stir()
                    if self._ctx.session.stay():
                        return  # whoever removed the entry may have removed the bells as well
                    rest, took = self._timed_look(boxes)
            finally:
                self._bell = None

    def _timed_look(self, boxes: tuple[str, ...]) -> tuple[float, float]:
        """Look once; return how long to rest at most, and how long it took, in seconds."""
        began = self._ctx.clock.monotonic()
        rest = self.look(boxes)
        return rest, self._ctx.clock.monotonic() - began

    def look(self, boxes: tuple[str, ...]) -> float:
        """Look once, offer what is due, and return how many seconds to rest at most."""
        verdict = self._decide(boxes)
        if verdict.ids:
            self._offer(verdict)
        rest = REST_SECONDS if verdict.reason == "no_mail" else LOOK_SECONDS
        return min(rest, self._witness.look())

    def _decide(self, boxes: tuple[str, ...]) -> Verdict:
        ctx = self._ctx
        messages = waiting_mail(ctx, boxes).messages
        reserved = reserved_for_asks(ctx) if messages else None
        waiting = tuple(
            m.id for m in messages if SILENT not in m.extra and not (reserved and reserved(m))
        )
        taken = self._offered.keys() - set(waiting)
        self._offered = {i: self._offered[i] for i in waiting if i in self._offered}
        session_id = ctx.session.id
        marker = ctx.presence.read(session_id) if session_id and waiting else None
        now = ctx.clock.monotonic()
        if taken:
            # The session looks.  What it left did not fit, and counts as offered but once.
            self._offered = dict.fromkeys(self._offered, 1)
            self._seen_at = dict.fromkeys(self._offered, now)
            self._has_looked = True
        self._seen_at = {i: self._seen_at.get(i, now) for i in waiting}
        return decide(
            Facts(
                waiting=waiting,
                offered=self._offered,
                since_offer=None if self._offered_at is None else now - self._offered_at,
                presence=classify(marker, ctx.clock.now(), ctx.settings.busy_ttl_ms),
                enabled=self._may_nudge(),
                grace=ctx.settings.self_wake_grace_ms / 1000,
                throttle=ctx.settings.self_wake_throttle_ms / 1000,
                cap=ctx.settings.self_wake_cap,
                waited=now - min(self._seen_at.values(), default=now),
                starting=self._is_starting(marker),
                doors=sum(door.is_available() for door in self._doors) if waiting else 0,
                looked=self._has_looked,
            )
        )

    def _is_starting(self, marker: Marker | None) -> bool:
        """Tell whether this server began a moment ago, and no hook has run since."""
        if marker is not None and marker.at >= self._began:
            return False
        return self._ctx.clock.now() - self._ctx.session.entry.started_at < START_SECONDS

    def _may_nudge(self) -> bool:
        """Tell whether this server is the one to nudge: of several of a session the freshest."""
        ctx = self._ctx
        if not (ctx.settings.self_wake and ctx.settings.autowake):
            return False
        return any(e.server_pid == ctx.session.entry.server_pid for e in ctx.registry.entries())

    def _offer(self, verdict: Verdict) -> None:
        """Offer through the first door that takes it; a later attempt begins with the next door."""
        self._ctx.session.show_doors()
        doors = [door for door in self._doors if door.is_available()]
        if not doors:
            return
        turn = verdict.attempt % len(doors)
        text = text_for(verdict.ids)
        for door in (*doors[turn:], *doors[:turn]):
            offer = door.offer(text)
            self._ctx.trace(
                "nudge",
                door=door.name,
                outcome=offer.outcome,
                detail=offer.detail,
                messages=list(verdict.ids),
                attempt=verdict.attempt + 1,
            )
            if offer.outcome == ACCEPTED:
                self._record(door.name, verdict.ids)
                break
        # An attempt counts even if no door took it, so that a broken door is not tried for ever.
        for message_id in verdict.ids:
            self._offered[message_id] = self._offered.get(message_id, 0) + 1
        self._offered_at = self._ctx.clock.monotonic()
        self._has_looked = False

    def _record(self, door: str, message_ids: Sequence[str]) -> None:
        at = int(self._ctx.clock.now())
        for message_id in message_ids[:RECORDED_MAX]:
            attempt = self._offered.get(message_id, 0) + 1
            self._ctx.evidence.offered(Offered(message_id, door, at, attempt))
