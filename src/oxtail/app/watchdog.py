"""A server looks after what its session waits for, and what it owes.

Once in a while it finishes closings that were left, wakes peers again that have not even seen a
question of its session, and reminds its session of overdue work.  The rules are in
:mod:`oxtail.core.watchdog`; losing a tick changes when something is noticed, never whether.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.app.answered import is_answered
from oxtail.app.closing import finish_closings
from oxtail.app.locate import locate
from oxtail.app.wake import wake_again
from oxtail.core.entry import Entry
from oxtail.core.names import held_box
from oxtail.core.notice import Notice, on_one_line
from oxtail.core.presence import Presence, classify
from oxtail.core.value import Value
from oxtail.core.wake import ACCEPTED, FIRED, FIRED_UNCONFIRMED
from oxtail.core.watchdog import Facts, Verdict, decide, reminder
from oxtail.core.work import State
from oxtail.errors import OxtailError, StoreError, TargetError
from oxtail.trace import timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.app.context import Context
    from oxtail.core.correlation import Ask, OpenAsk
    from oxtail.core.work import Owed
    from oxtail.ports import OwnDoor

ASKS_MAX: Final = 2_000
"""Most open questions that one tick looks at."""

_LANDED: Final = (FIRED, FIRED_UNCONFIRMED)


class Tick(Value):
    """What one tick did.

    Attributes:
        reason: ``looked``, or why it did not: ``unclaimed``, ``not_mine``, ``disabled``, ``error``.
        verdicts: What was decided about each pending ask, by its request id.
        woken: The wake status of each peer that was to be woken; None where another waiter did it.
        reminded: The work that the session was reminded of.
    """

    reason: str
    verdicts: tuple[tuple[str, Verdict], ...] = ()
    woken: tuple[tuple[str, str | None], ...] = ()
    reminded: tuple[str, ...] = ()


class Watchdog:
    """Looks after the waits and the work of the session of *ctx*.

    Args:
        ctx: The context of the session's server.
        doors: The session's doors, best first.
    """

    def __init__(self, ctx: Context, doors: Sequence[OwnDoor]) -> None:
        self._ctx = ctx
        self._doors = tuple(doors)
        self._told_gone: set[tuple[str, str]] = set()
        self._told_overdue: set[tuple[str, int]] = set()
        self._to_remind: dict[str, int] = {}

    def tick(self) -> Tick:
        """Look once.  Never raises: what fails is traced, and the next tick comes."""
        try:
            return self._tick()
        except Exception as error:  # noqa: BLE001 - a background tick; the stack is traced
            import traceback

            self._ctx.trace(
                "waiter_heal_tick_error", error=str(error), stack=traceback.format_exc()
            )
            return Tick("error")

    def _tick(self) -> Tick:
        ctx = self._ctx
        if ctx.session.id is None:
            return Tick("unclaimed")
        if not self._is_mine():
            return Tick("not_mine")
        try:
            finish_closings(ctx)
        except StoreError as error:
            ctx.trace("waiter_heal_tick_error", error=error.message)
        due = self._overdue()
        if not (ctx.settings.self_wake and ctx.settings.autowake):
            return Tick("disabled")
        reminded = self._remind(due)
        ctx.store.sweep_asks()
        verdicts, woken = self._look_after_questions()
        return Tick("looked", verdicts, woken, reminded)

    def _is_mine(self) -> bool:
        """Tell whether this server is the one to look: of several of a session the freshest."""
        pid = self._ctx.session.entry.server_pid
        return any(entry.server_pid == pid for entry in self._ctx.registry.entries())

    # ------------------------------------------------------------------ questions

    def _look_after_questions(
        self,
    ) -> tuple[tuple[tuple[str, Verdict], ...], tuple[tuple[str, str | None], ...]]:
        ids = self._ctx.session.ids()
        verdicts: list[tuple[str, Verdict]] = []
        woken: list[tuple[str, str | None]] = []
        gone: set[tuple[str, str]] = set()
        for one in self._ctx.store.all_asks(ASKS_MAX):
            ask = one.ask
            if one.waited_on or ask.session_id not in ids or not (ask.target and ask.message_id):
                continue
            verdict, peer = self._judge(one)
            verdicts.append((ask.request_id, verdict))
            if verdict is Verdict.ANSWERED:
                self._ctx.store.close_ask(ask)
            elif verdict is Verdict.TARGET_GONE:
                gone.add((ask.session_id, ask.request_id))
            elif peer and verdict is Verdict.WAKE:
                woken.append((ask.target, self._wake(one, peer)))
        self._told_gone &= gone
        return tuple(verdicts), tuple(woken)

    def _judge(self, one: OpenAsk) -> tuple[Verdict, Entry | None]:
        ctx, ask = self._ctx, one.ask
        answered = is_answered(ctx, ask)
        peer = None if answered else self._running(ask)
        verdict = decide(
            Facts(
                answered=answered,
                reachable=peer is not None,
                shown=peer is not None and ctx.store.receipt(ask.message_id) is not None,
                held=peer is not None and self._is_held(ask, peer),
                age=ctx.clock.now() - one.since,
                attempts=one.attempts,
                grace=ctx.settings.waiter_heal_grace_ms / 1000,
                cap=ctx.settings.waiter_heal_cap,
            )
        )
        return verdict, peer

    def _is_held(self, ask: Ask, peer: Entry) -> bool:
        if not self._ctx.policies.are_set():
            return False
        ids = dict.fromkeys((ask.target, peer.session_id or ask.target))
        return self._ctx.store.is_waiting(tuple(map(held_box, ids)), ask.message_id)

    def _running(self, ask: Ask) -> Entry | None:
        """Return the one that was asked if it runs; that it does not is traced once."""
        try:
            peer = locate(self._ctx, ask.target)
        except TargetError as error:
            problem = error.code
        else:
            if isinstance(peer, Entry):
                return peer
            problem = "not-running"
        key = (ask.session_id, ask.request_id)
        if key not in self._told_gone:
            self._told_gone.add(key)
            self._ctx.trace(
                "waiter_heal_target_gone", owner=ask.session_id, target=ask.target, error=problem
            )
        return None

    def _wake(self, one: OpenAsk, peer: Entry) -> str | None:
        """Wake *peer* for a question, and count it if that arrived; return the wake status."""
        ctx, ask = self._ctx, one.ask
        try:
            status = wake_again(ctx, peer)
        except (OxtailError, OSError) as error:
            ctx.trace(
                "waiter_heal_wake_error",
                owner=ask.session_id,
                target=ask.target,
                error=str(error),
            )
            return None
        if status is not None:
            ctx.trace(
                "waiter_heal_repoke",
                owner=ask.session_id,
                target=ask.target,
                request_id=ask.request_id,
                message_id=ask.message_id,
                wake_status=status,
                attempts=one.attempts,
            )
        if status in _LANDED:
            ctx.store.woken_for_ask(ask.session_id, ask.request_id)
            # Counting may bring back a record that was taken for an answer just now.
            if is_answered(ctx, ask):
                ctx.store.close_ask(ask)
        return status

    # ------------------------------------------------------------------ work

    def _overdue(self) -> list[Owed]:
        """Return the overdue work of the session; the human is told once of each."""
        ctx = self._ctx
        now = ctx.clock.now()
        found = [
            owed
            for owed in ctx.work.open_of(ctx.session.ids())
            if owed.state is State.OPEN and owed.is_overdue(now)
        ]
        told, self._told_overdue = self._told_overdue, set()
        for owed in found:
            deadline = owed.message.deadline or 0
            key = (owed.message.id, deadline)
            self._told_overdue.add(key)
            if key not in told and ctx.wake_records.claim_reminder(*key):
                self._to_remind[owed.message.id] = 0
                ctx.notices.say(self._notice(owed, deadline))
        return found

    def _notice(self, owed: Owed, deadline: int) -> Notice:
        entry = self._ctx.session.entry
        owner = entry.name or entry.session_id or owed.session_id
        requester = owed.message.from_session_id or "nobody named"
        text = (
            f"work {owed.message.id} of {owner}, given by {requester}, "
            f"was due {timestamp(deadline)} and is open"
        )
        return Notice(int(self._ctx.clock.now()), "overdue", on_one_line(text), owed.session_id)

    def _remind(self, due: Sequence[Owed]) -> tuple[str, ...]:
        """Remind the session of overdue work, through the first of its doors that takes it."""
        ctx = self._ctx
        ids = {owed.message.id for owed in due}
        self._to_remind = {each: n for each, n in self._to_remind.items() if each in ids}
        session_id = ctx.session.id
        if not self._to_remind or session_id is None:
            return ()
        marker = ctx.presence.read(session_id)
        presence = classify(marker, ctx.clock.now(), ctx.settings.busy_ttl_ms)
        doors = [door for door in self._doors if door.is_available()]
        if presence is Presence.BUSY or not doors:
            return ()
        wanted = tuple(self._to_remind)
        text = reminder(wanted)
        for door in doors:
            offer = door.offer(text)
            ctx.trace(
                "overdue_reminder",
                door=door.name,
                outcome=offer.outcome,
                detail=offer.detail,
                messages=list(wanted),
            )
            if offer.outcome == ACCEPTED:
                self._to_remind.clear()
                return wanted
        tries = {each: count + 1 for each, count in self._to_remind.items()}
        cap = ctx.settings.self_wake_cap
        self._to_remind = {each: count for each, count in tries.items() if count < cap}
        return ()
