"""From the stream into the boxes of this host.

A message is acknowledged only after it is committed here, so it may come twice and never not at
all.  The order of each sender is kept: messages of one sender are committed one after another, and
where the server repeats or skips a delivery, everything that was not acknowledged is asked for
again from its beginning.
"""

from __future__ import annotations

import asyncio
import traceback
from typing import TYPE_CHECKING, Any, Final

from oxtail.core.arrival import UNKNOWN_SENDER
from oxtail.core.remote import Mail
from oxtail.core.value import Value
from oxtail.errors import EngineError, EngineRefused, OxtailError, StoreError
from oxtail.store.nats import encoding, subjects

if TYPE_CHECKING:
    from oxtail.core.arrival import Arrival
    from oxtail.core.remote import Report
    from oxtail.store.nats.client import Client
    from oxtail.store.nats.local import Local
    from oxtail.store.nats.presence import Roster
    from oxtail.store.nats.seal import Keyring
    from oxtail.trace import Trace

BATCH: Final = 256
"""Most messages that are on their way from the server at a time."""

ACK_SECONDS: Final = 30
"""How long the server waits for an acknowledgement before it delivers a message again."""

KEEP_SECONDS: Final = 8.0
"""How often the server is told that a message is being worked on."""

PULL_SECONDS: Final = 20
HEARTBEAT_SECONDS: Final = 5
SILENCE_SECONDS: Final = 15.0
"""After this long without a heartbeat the consumer is made anew."""

PENDING_MAX: Final = 2 * BATCH
RETRY_SECONDS: Final = (0.2, 1.0, 5.0, 15.0)

SENDER_SECONDS: Final = 5.0
"""How long mail waits for its host to say that it has the sender: hosts look once a second."""

STRANGER_SECONDS: Final = 60.0
"""For so long no more mail of a sender that was waited for in vain is waited for."""

STRANGERS_MAX: Final = 1_000

NEWER_TRIES: Final = 5
NEWER_DELAY_SECONDS: Final = 30
_SECOND: Final = 1_000_000_000
_NOT_FOUND: Final = 404


class _Letter(Value):
    """A delivered message."""

    data: bytes
    reply: str
    place: subjects.Delivery
    host: str
    parcel: Any


class Inbound:
    """The way in, on one connection.

    Args:
        client: The connection.
        host_id: This host.
        local: Where mail is committed.
        roster: Who is on which host.
        trace: Where events go.
    """

    def __init__(
        self,
        client: Client,
        host_id: str,
        local: Local,
        roster: Roster,
        keys: Keyring,
        trace: Trace,
    ) -> None:
        self._client = client
        self._host_id = host_id
        self._local = local
        self._roster = roster
        self._keys = keys
        self._trace = trace
        self._name = subjects.consumer(host_id)
        self._count = 0
        self._strangers: dict[tuple[str, str], float] = {}

    async def run(self) -> None:
        """Take mail in until the connection is lost.

        Raises:
            EngineError: the server refuses, or the connection is lost.
        """
        while not self._client.closed.is_set():
            await self._reset()
            why = await self._take()
            self._trace("nats_inbound_reset", why=why)

    async def _reset(self) -> None:
        """Make the consumer of this host anew, so that it begins with what is unacknowledged."""
        stream = f"{subjects.STREAM}.{self._name}"
        try:
            await self._client.api(f"CONSUMER.DELETE.{stream}")
        except EngineRefused as error:
            if error.fields.get("status") != _NOT_FOUND:
                raise
        wanted = subjects.inbox_filter(self._host_id)
        config = {
            "name": self._name,
            "durable_name": self._name,
            "filter_subject": wanted,
            "deliver_policy": "all",
            "ack_policy": "explicit",
            "ack_wait": ACK_SECONDS * _SECOND,
            "max_deliver": -1,
            "max_ack_pending": PENDING_MAX,
        }
        members = {"stream_name": subjects.STREAM, "config": config}
        await self._client.api(f"CONSUMER.CREATE.{stream}.{wanted}", members)

    async def _take(self) -> str:
        """Take mail until the order can no longer be told; return why."""
        queue: asyncio.Queue[Any] = asyncio.Queue()
        self._count += 1
        inbox = self._client.own_subject(f"mail.{self._count}")
        stop = await self._client.hear(inbox, queue.put)
        expected = 1
        try:
            while True:
                await self._ask(inbox)
                asked = BATCH
                while asked > 0:
                    messages, status = await self._next(queue)
                    letters = []
                    for message in messages:
                        letter = self._letter(message)
                        if letter is None:
                            continue
                        if letter.place.consumer_sequence != expected:
                            return f"delivery {letter.place.consumer_sequence}, not {expected}"
                        expected += 1
                        letters.append(letter)
                    asked -= len(letters)
                    await self._settle(letters)
                    if status in ("408", "404"):
                        break
                    if status:
                        return f"status {status}"
        finally:
            await stop()

    async def _ask(self, inbox: str) -> None:
        data = (
            f'{{"batch":{BATCH},"expires":{PULL_SECONDS * _SECOND},'
            f'"idle_heartbeat":{HEARTBEAT_SECONDS * _SECOND}}}'
        )
        subject = f"{subjects.API}.CONSUMER.MSG.NEXT.{subjects.STREAM}.{self._name}"
        await self._client.say(subject, data.encode(), reply=inbox)

    async def _next(self, queue: asyncio.Queue[Any]) -> tuple[list[Any], str]:
        """Return the messages that are here, at least one unless there is a status to tell."""
        messages: list[Any] = []
        while True:
            try:
                message = queue.get_nowait() if messages else None
            except asyncio.QueueEmpty:
                return messages, ""
            if message is None:
                message = await self._client.wait(queue.get(), SILENCE_SECONDS)
            if message is None:
                return messages, "silence"
            status = (message.headers or {}).get("Status") if not message.data else None
            if status is None:
                messages.append(message)
            elif status != "100":
                return messages, str(status)

    def _letter(self, message: Any) -> _Letter | None:
        place = subjects.parse_ack(message.reply or "")
        if place is None:
            return None
        ends = subjects.parse_mail_subject(message.subject)
        host = ends[1] if ends and ends[0] == self._host_id else ""
        parcel = self._opened(host, message.data)
        return _Letter(message.data, message.reply, place, host, parcel)

    def _opened(self, host: str, data: bytes) -> Any:
        """Return what *data* of *host* says; costs a tenth of a millisecond where it is sealed."""
        try:
            inner = self._keys.open(host, data) if host else data
        except StoreError as error:
            return encoding.Unreadable(f"that cannot be opened: {error.message}", is_newer=True)
        return inner if isinstance(inner, encoding.Unreadable) else encoding.decode(inner)

    # ------------------------------------------------------------------ settling

    async def _settle(self, letters: list[_Letter]) -> None:
        """Commit and acknowledge *letters*, those of one sender in their order."""
        by_sender: dict[tuple[str, str], list[_Letter]] = {}
        for letter in letters:
            by_sender.setdefault((letter.host, _sender(letter.parcel)), []).append(letter)
        in_hand = {letter.reply for letter in letters}
        keeping = asyncio.ensure_future(self._keep(in_hand))
        try:
            results = await asyncio.gather(
                *(self._settle_each(group, in_hand) for group in by_sender.values()),
                return_exceptions=True,
            )
        finally:
            keeping.cancel()
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _settle_each(self, letters: list[_Letter], in_hand: set[str]) -> None:
        for letter in letters:
            answer = await self._settle_one(letter)
            in_hand.discard(letter.reply)
            await self._client.say(letter.reply, answer)

    async def _keep(self, in_hand: set[str]) -> None:
        """Tell the server again and again that *in_hand* is being worked on."""
        while not await self._client.until_closed(KEEP_SECONDS):
            for reply in tuple(in_hand):
                try:
                    await self._client.say(reply, b"+WPI")
                except EngineError:
                    return

    async def _settle_one(self, letter: _Letter) -> bytes:
        """Return what is to be said to the server about *letter*.

        Raises:
            EngineError: the connection was lost first.
        """
        try:
            return await self._judge(letter)
        except EngineError:
            raise
        except OxtailError as error:
            await self._set_aside(letter, f"a message that was refused: {error.message}")
        except Exception:  # noqa: BLE001 - one odd message must not stop the mail of all others
            self._trace("internal_error", front_end="carrier", stack=traceback.format_exc())
            await self._set_aside(letter, "a message that this version stumbles over")
        return b"+ACK"

    async def _judge(self, letter: _Letter) -> bytes:
        parcel = letter.parcel
        if isinstance(parcel, encoding.Unreadable):
            if parcel.is_newer and letter.place.deliveries < NEWER_TRIES:
                return b'-NAK {"delay":%d}' % (NEWER_DELAY_SECONDS * _SECOND)
            await self._set_aside(letter, f"a message {parcel.problem}")
        elif not letter.host:
            await self._set_aside(letter, "a message for another host")
        elif isinstance(parcel, Mail):
            await self._mail(letter, parcel)
        else:
            await self._report(letter, parcel)
        return b"+ACK"

    async def _mail(self, letter: _Letter, mail: Mail) -> None:
        arrival = await self._surely(self._local.arrive, mail, letter.host)
        if arrival == UNKNOWN_SENDER:
            arrival = await self._introduced(mail, letter.host)
        if not arrival.is_settled:
            await self._set_aside(letter, f"a message set aside: {arrival.problem}")
            await self._surely(self._local.refuse, mail, letter.host)

    async def _introduced(self, mail: Mail, host: str) -> Arrival:
        """Ask the server who is on *host* until the sender of *mail* is, but not for ever.

        A session that has just begun, or has a new id, may be known to its host only.

        Raises:
            EngineUnreachable: the connection was lost first.
        """
        loop, who = asyncio.get_running_loop(), (host, _sender(mail))
        is_stranger = loop.time() < self._strangers.get(who, 0.0)
        deadline = loop.time() + (0 if is_stranger else SENDER_SECONDS)
        while True:
            await self._roster.look_up(host)
            arrival: Arrival = await self._surely(self._local.arrive, mail, host)
            if arrival != UNKNOWN_SENDER:
                return arrival
            if loop.time() >= deadline:
                break
            if await self._client.until_closed(RETRY_SECONDS[0]):
                raise self._client.lost()
        if len(self._strangers) >= STRANGERS_MAX:
            self._strangers.clear()
        self._strangers[who] = loop.time() + STRANGER_SECONDS
        return arrival

    async def _report(self, letter: _Letter, report: Report) -> None:
        await self._surely(self._local.reported, report, letter.host)

    async def _set_aside(self, letter: _Letter, problem: str) -> None:
        host = letter.host or "unknown"
        self._trace("nats_set_aside", host=host, problem=problem)
        await self._surely(self._local.set_aside, letter.data, problem, host)

    async def _surely(self, work: Any, *arguments: Any) -> Any:
        """Do *work* in a thread, again and again until the disk lets it, while we are connected.

        Raises:
            EngineUnreachable: the connection was lost first.
        """
        tries = 0
        while True:
            try:
                return await asyncio.to_thread(work, *arguments)
            except StoreError as error:
                self._trace("nats_commit_failed", error=error.message)
                pause = RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]
                tries += 1
                if await self._client.until_closed(pause):
                    raise self._client.lost() from error


def _sender(parcel: Any) -> str:
    return parcel.envelope.from_session_id or "" if isinstance(parcel, Mail) else ""
