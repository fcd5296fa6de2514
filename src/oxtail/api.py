"""The Python interface: a program takes part as a peer.

::

    import oxtail

    with oxtail.join(name="builder") as me:
        answer = me.ask("reviewer", "may I merge?", timeout=60)
        if answer is None:
            print("no answer yet; a late one arrives in the inbox")
        with me.inbox() as messages:
            for message in messages:
                me.reply(message, "done")

Times are seconds.  Every error is an :class:`~oxtail.errors.OxtailError` with a stable ``code``.
One process is one peer, because a registry entry is named after its process.
See ``docs/reference/python.md``.
"""

from __future__ import annotations

import math
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from oxtail import config, wiring
from oxtail.app import ask as asking
from oxtail.app import drain, group, identity, peers, read, send, status, work
from oxtail.app.letters import Answer, Batch, Message, batch_of, check_texts, id_of, message_of
from oxtail.app.received import received
from oxtail.errors import AlreadyJoined, BadArgument, MessageNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from oxtail.app.context import Context
    from oxtail.app.group import GroupResult
    from oxtail.app.results import AskResult, PeerRow, SendResult, StatusResult
    from oxtail.app.work_results import CloseResult

__all__ = ["Answer", "Batch", "Message", "Participant", "join"]

_joined: set[str] = set()


class Participant:
    """This program as a peer; made by :func:`join`, and a context manager that leaves at its end.

    Methods may be called from several threads.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.leave()

    @property
    def id(self) -> str:
        """The session id."""
        return self._context.session.id or ""

    @property
    def name(self) -> str | None:
        """The chosen name."""
        return self._context.session.entry.name

    def peers(self) -> tuple[PeerRow, ...]:
        """Return the other sessions of this project.

        Raises:
            StoreError: the registry could not be read.
        """
        rows = peers.list_peers(self._context).rows
        return tuple(row for row in rows if row.client_type is not None and not row.is_me)

    def describe(self, purpose: str) -> None:
        """Show the peers what this program is for, in at most 200 characters."""
        check_texts(purpose=purpose)
        identity.set_purpose(self._context, purpose)

    def send(
        self,
        target: str,
        body: str,
        *,
        wake: bool | None = None,
        action_required: bool = False,
        deadline: float | None = None,
        idempotency_key: str | None = None,
        wait: str | None = None,
        timeout: float = 60.0,
    ) -> SendResult:
        """Send *body* to *target*: a session id, a chosen name or a tmux session name.

        When this returns the message is stored and synced.  It is not known to be read:
        :meth:`status` tells, and *wait* waits for it.

        Args:
            target: Whom to send to.
            body: 1 to 8192 UTF-8 bytes.
            wake: True wakes an idle receiver, False never does, None leaves it to the rules.
            action_required: Delegate work: the receiver owes it until it is closed, and its end
                comes as mail.
            deadline: When the work is due, in unix seconds, at most 30 days ahead.
            idempotency_key: Names the message in each try to send it, in 1 to 200 characters; one
                is sent, however often this is called, and after *deadline* too.
            wait: ``shown``, ``in_context`` or ``answered``: wait until the message has come so far,
                *timeout* seconds at most; ``receipt`` of the result says how far it came.
            timeout: The longest wait, in seconds.

        Raises:
            TargetError: the target cannot be used, or refuses mail from here; nothing was sent.
            Damped: too much passes between the two; nothing was sent.
            BadArgument: body, deadline, stage or timeout cannot be used; nothing was sent.
            IdempotencyConflict: another message was sent under this key; nothing was sent.
            StoreError: it could not be stored; nothing was sent.
        """
        check_texts(target=target, idempotency_key=idempotency_key)
        stage = None if wait is None else status.stage_named(wait)
        _check_timeout(timeout)
        result = send.send(
            self._context,
            target,
            body,
            wake=_wake(wake),
            action_required=action_required,
            deadline=_deadline(deadline),
            idempotency_key=idempotency_key,
        )
        if stage is None:
            return result
        return status.with_receipt(self._context, result, stage, timeout)

    def send_many(
        self, targets: Iterable[str], body: str, *, wake: bool | None = None, **options: Any
    ) -> GroupResult:
        """Send *body* to each of *targets*, or with ``"all"`` to every other running session.

        What fails for one stops no other: ``rows`` of the result has a row for each, and ``ok`` is
        False only if nobody got it.

        Args:
            targets: 1 to 32 targets, or ``"all"`` for the project.
            body: 1 to 8192 UTF-8 bytes.
            wake: As for :meth:`send`.
            options: ``action_required``, ``deadline``, ``idempotency_key``, as for :meth:`send`.

        Raises:
            TargetNotFound: ``"all"``, and no other session of the project runs.
            BadArgument: an argument cannot be used; nothing was sent.
            StoreError: the registry could not be read; nothing was sent.
        """
        check_texts(idempotency_key=options.get("idempotency_key"))
        options["deadline"] = _deadline(options.get("deadline"))
        return group.send_many(self._context, targets, body, wake=_wake(wake), **options)

    def open_work(self) -> tuple[Message, ...]:
        """Return the work that was delegated to this session and is not closed, oldest first.

        Raises:
            StoreError: it could not be read.
        """
        return tuple(message_of(owed.message) for owed in work.owed_work(self._context))

    def complete(
        self, message: Message | str, body: str, *, wake: bool | None = None
    ) -> CloseResult:
        """Close work as done; *body*, the result, goes to whoever delegated it, once.

        Raises:
            MessageNotFound: this session did not receive it, or it is too old.
            NotAnObligation: it is no work that must be closed.
            BadArgument: the body is empty or too long; the work stays open.
            DeliveryFailed: its end is recorded, and is delivered by a later run.
            StoreError: nothing could be recorded; the work stays open.
        """
        return work.complete(self._context, id_of(message), body, wake=_wake(wake))

    def block(
        self, message: Message | str, reason: str, *, wake: bool | None = None
    ) -> CloseResult:
        """Close work that cannot be done; errors as for :meth:`complete`."""
        return work.block(self._context, id_of(message), reason, wake=_wake(wake))

    def decline(
        self, message: Message | str, reason: str, *, wake: bool | None = None
    ) -> CloseResult:
        """Close work that will not be done; errors as for :meth:`complete`."""
        return work.decline(self._context, id_of(message), reason, wake=_wake(wake))

    def reassign(
        self, message: Message | str, target: str, reason: str, *, wake: bool | None = None
    ) -> CloseResult:
        """Hand work on to *target*, which then owes it to the same requester.

        Raises:
            TargetError: *target* cannot take it; the work stays open.
            MessageNotFound, NotAnObligation, BadArgument, DeliveryFailed, StoreError: as for
                :meth:`complete`.
        """
        check_texts(target=target)
        return work.reassign(self._context, id_of(message), target, reason, wake=_wake(wake))

    def ask(self, target: str, body: str, *, timeout: float = 60.0) -> Answer | None:
        """Ask *target* and wait up to *timeout* seconds for the answer.

        Returns None if none came; a late answer arrives in the inbox.

        Raises:
            TargetError: the peer cannot be asked; nothing was sent.
            BadArgument: the body or the timeout (more than 0, at most 300) cannot be used.
            StoreError: it could not be stored; nothing was sent.
        """
        check_texts(target=target)
        _check_timeout(timeout)
        if not 0 < timeout <= asking.REQUEST_MAX_MS / 1000:
            raise BadArgument("timeout", "must be more than 0 and at most 300 seconds")
        results: list[AskResult] = []
        asking.ask(
            self._context,
            target,
            body,
            results.append,
            timeout_ms=max(1, int(timeout * 1000)),
            via="python",
        )
        reply = results[0].reply
        if reply is None:
            return None
        return Answer(
            message_id=reply.id,
            body=reply.body,
            sender=reply.from_session_id,
            correlated=results[0].correlation == "correlated",
        )

    def reply(self, message: Message | str, body: str) -> SendResult:
        """Answer *message*, or the message with that id.

        Raises:
            MessageNotFound: this session did not receive it, or it is too old.
            NoReplyTarget: it names no sender.
            TargetError: the sender cannot be reached; nothing was sent.
            BadArgument, StoreError: as for :meth:`send`.
        """
        return send.reply(self._context, id_of(message), body)

    @contextmanager
    def inbox(self, limit: int | None = None) -> Iterator[Batch]:
        """Take waiting messages; acknowledge them when the block ends.

        If the block raises, or the process dies in it, the messages stay in the inbox and come
        again with the same ids.

        Args:
            limit: Most messages in this batch.

        Raises:
            BadArgument: *limit* is not positive.
            StoreError: the inbox could not be read; nothing was taken.
        """
        _check_limit(limit)
        with read.reading(self._context, via="python", limit=limit) as drained:
            yield batch_of(drained)

    def wait(self, timeout: float) -> bool:
        """Wait up to *timeout* seconds for mail; return whether some is waiting.

        Raises:
            BadArgument: *timeout* is no number.
        """
        _check_timeout(timeout)
        context = self._context
        context.session.stay()
        reserved = read.reserved_for_asks(context)
        deadline = context.clock.monotonic() + timeout
        boxes = context.session.boxes()
        with context.store.bell(boxes) as bell:
            while True:
                if any(not reserved(m) for m in drain.waiting_mail(context, boxes).messages):
                    return True
                left = deadline - context.clock.monotonic()
                if left <= 0:
                    return False
                bell.wait(min(left, asking.LOOK_SECONDS))

    def status(self, message_id: str) -> StatusResult:
        """Return what is known of a message that was sent.

        Raises:
            BadArgument: *message_id* is not sixteen hex digits.
        """
        return status.message_status(self._context, message_id)

    def received(self, message_id: str) -> Message:
        """Return a message that this session received earlier.

        Raises:
            MessageNotFound: this session did not receive it, or it is too old.
        """
        envelope = received(self._context, message_id)
        if envelope is None:
            raise MessageNotFound
        return message_of(envelope)

    def leave(self) -> None:
        """Stop taking part; mail for this session id waits for its return."""
        self._context.session.close()
        _joined.discard(self._context.settings.home)


def _wake(wake: bool | None) -> str | None:
    return None if wake is None else ("auto" if wake else "off")


def _deadline(deadline: float | None) -> int | None:
    """Return *deadline* in whole seconds, as it is stored.

    Raises:
        BadArgument: it is no number, or not finite.
    """
    if deadline is None:
        return None
    if isinstance(deadline, bool) or not isinstance(deadline, (int, float)):
        raise BadArgument("deadline", "must be a number of unix seconds")
    try:
        return int(deadline)
    except (ValueError, OverflowError):
        raise BadArgument("deadline", "must be finite") from None


def _check_limit(limit: object) -> None:
    if limit is not None and not (isinstance(limit, int) and limit > 0):
        raise BadArgument("limit", "must be a positive number")


def _check_timeout(timeout: object) -> None:
    """Refuse what is no length of time: a wait for it would not end.

    Raises:
        BadArgument: *timeout* is no number.
    """
    if not isinstance(timeout, (int, float)) or math.isnan(timeout):
        raise BadArgument("timeout", "must be a number of seconds")


def _new_session_id(random: bytes) -> str:
    text = random.hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:32]}"


def join(
    *,
    name: str | None = None,
    session_id: str | None = None,
    purpose: str | None = None,
) -> Participant:
    """Take part as a peer of the project in the current folder.

    State lives in ``~/.oxtail``, or where ``OXTAIL_HOME`` says.

    Args:
        name: A name that peers may use as a target; ``OXTAIL_NAME`` unless given.
        session_id: Who this is; ``OXTAIL_SESSION_ID``, or a new id, unless given.  A program that
            comes back under its old id finds the mail that waited for it.
        purpose: What this program is for, in at most 200 characters.

    Raises:
        AlreadyJoined: this process takes part already.
        SessionIdTaken: another running process holds this session id.
        BadArgument: an argument is malformed.
        StoreError: the state folder cannot be used.
    """
    check_texts(name=name, session_id=session_id, purpose=purpose)
    settings = config.from_env(os.environ)
    if settings.home in _joined:
        raise AlreadyJoined
    chosen_id = session_id or settings.environ.get("OXTAIL_SESSION_ID")
    chosen_name = name or settings.environ.get("OXTAIL_NAME")
    context = wiring.open_context(settings, role="python")
    context.session.open()
    _joined.add(settings.home)
    me = Participant(context)
    try:
        identity.claim(context, chosen_id or _new_session_id(os.urandom(16)), name=chosen_name)
        if purpose:
            me.describe(purpose)
    except BaseException:
        me.leave()
        raise
    return me
