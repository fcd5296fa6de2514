"""From the relay boxes of this host to the stream.

A message leaves its box only after the server has said that it keeps it, so it may be sent twice
and never not at all; the server and the receiver drop what they have.  Each sender has one message
on its way at a time, so that none overtakes another; senders do not wait for each other.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from oxtail.core.names import relay_box
from oxtail.core.remote import unrelayed
from oxtail.core.value import Value
from oxtail.errors import EngineError, EngineRefused, EngineUnreachable, StoreError
from oxtail.store.nats import encoding, subjects
from oxtail.store.nats.seal import KeyRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.core.envelope import Envelope
    from oxtail.core.mail import Claim
    from oxtail.ports import Bell, Store
    from oxtail.store.nats.client import Client
    from oxtail.store.nats.local import Local
    from oxtail.store.nats.presence import Roster
    from oxtail.store.nats.seal import Keyring
    from oxtail.trace import Trace

BATCH: Final = 500
"""Most messages that are taken at a time out of a box that holds less than twice as many."""

SHARE: Final = 2
"""Of a larger box one in so many is taken: taking costs with its length, so a fixed number would
cost with the square of it, and all at once would let a new sender wait for all who came before."""

RINGS_SECONDS: Final = 2.0
"""How often it is looked for mail that nobody has rung for."""

FULL_SECONDS: Final = 5.0
"""How long a host is left alone after the server refused mail for it."""

REPORT_SECONDS: Final = 0.5
"""How often it is looked what other hosts want to hear."""


class _Parcel(Value):
    """A message of a relay box, ready to go.

    Attributes:
        message: It, as it lies there.
        data: The payload.
        problem: Why it can never go, if so.
        refusal: What keeps it, and what its sender sent after it, here for now.
    """

    message: Envelope
    data: bytes = b""
    problem: str | None = None
    refusal: KeyRefused | StoreError | None = None


class Outbound:
    """The way out, on one connection.

    Attributes:
        problems: What keeps mail for a host back, by host id.
    """

    def __init__(
        self,
        client: Client,
        host_id: str,
        local: Local,
        store: Store,
        keys: Keyring,
        roster: Roster,
        trace: Trace,
    ) -> None:
        self.problems: dict[str, str] = {}
        self._client = client
        self._host_id = host_id
        self._local = local
        self._store = store
        self._keys = keys
        self._roster = roster
        self._trace = trace
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._interrupt: Callable[[], None] = lambda: None

    async def run(self) -> None:
        """Carry mail out until the connection is lost.

        Raises:
            EngineError: the server is there no more.
        """
        try:
            while not self._client.closed.is_set():
                try:
                    await self._watch()
                except StoreError as error:
                    self._trace("nats_outbound_failed", error=error.message)
                    await self._client.until_closed(FULL_SECONDS)
        finally:
            # Each ends soon: what it waits for ends with the connection.
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def _watch(self) -> None:
        """Carry what there is, and what comes."""
        # One bell rings for the boxes of all hosts.
        with self._store.bell((relay_box(self._host_id),), patient=True) as bell:
            self._interrupt = bell.interrupt
            hosts = await asyncio.to_thread(self._with_mail)
            while not self._client.closed.is_set():
                for host in hosts:
                    self._start(host)
                hosts = await self._rung(bell)

    def _with_mail(self) -> list[str]:
        idle = [host for host in self._local.relays() if host not in self._busy]
        return [host for host in idle if self._store.has_mail(relay_box(host))]

    async def _rung(self, bell: Bell) -> list[str]:
        """Return the hosts for which mail lies here, once somebody has rung or after a while."""

        def wait() -> list[str]:
            bell.wait(RINGS_SECONDS)
            return self._with_mail()

        waiting = asyncio.ensure_future(asyncio.to_thread(wait))
        lost = asyncio.ensure_future(self._client.closed.wait())
        await asyncio.wait({waiting, lost}, return_when=asyncio.FIRST_COMPLETED)
        lost.cancel()
        if not waiting.done():
            bell.interrupt()
        return await waiting

    def _start(self, host: str) -> None:
        task = asyncio.ensure_future(self._empty(host))
        self._busy[host] = task

        def ended(_: object) -> None:
            del self._busy[host]
            self._interrupt()  # what came in the last moment was nobody's yet

        task.add_done_callback(ended)

    async def _empty(self, host: str) -> None:
        """Carry everything that lies in the box of *host*."""
        try:
            while not self._client.closed.is_set():
                taken = await asyncio.to_thread(self._take, host)
                if taken is None:
                    return
                problem = await self._carry(host, *taken)
                if problem is None:
                    self.problems.pop(host, None)
                    continue
                if self._client.closed.is_set():
                    return
                if host not in self.problems:
                    text = f"mail for host {host} waits on this one: {problem}"
                    await asyncio.to_thread(self._local.say, "not_carried", text)
                self.problems[host] = problem
                await self._client.until_closed(FULL_SECONDS)
        except StoreError as error:
            self._trace("nats_outbound_failed", host=host, error=error.message)
            await self._client.until_closed(FULL_SECONDS)
        except EngineError as error:
            self._trace("nats_outbound_ended", host=host, error=error.message)

    def _take(self, host: str) -> tuple[Claim, list[_Parcel]] | None:
        """Claim what lies in the box of *host*, ready to go; None if nothing does."""
        box = relay_box(host)
        ids = [message.id for message in self._store.peek((box,)).messages]
        if not ids:
            return None
        claim = self._store.claim((box,), ids[: max(BATCH, len(ids) // SHARE)])
        return claim, [self._parcel(host, message) for message in claim.messages]

    def _parcel(self, host: str, message: Envelope) -> _Parcel:
        mail = unrelayed(message)
        if mail is None:
            return _Parcel(message, problem="it names no receiver")
        try:
            return _Parcel(message, self._keys.seal(host, encoding.encode_mail(mail)))
        except ValueError as error:
            return _Parcel(message, problem=str(error))
        except (KeyRefused, StoreError) as error:
            return _Parcel(message, refusal=error)

    async def _carry(self, host: str, claim: Claim, parcels: list[_Parcel]) -> str | None:
        """Carry what was claimed; return what kept some of it back, if anything did."""
        by_sender: dict[str, list[_Parcel]] = {}
        for parcel in parcels:
            by_sender.setdefault(parcel.message.from_session_id or "", []).append(parcel)
        if problem := await self._introduce(frozenset(by_sender) - {""}):
            await self._finish(self._store.forward, claim, ())
            return problem
        done: dict[str, bool] = {}
        results = await asyncio.gather(
            *(self._carry_each(host, each, done) for each in by_sender.values()),
            return_exceptions=True,
        )
        if carried := [message_id for message_id, is_carried in done.items() if is_carried]:
            # Evidence first: a crash between the two carries the messages once more.
            await self._finish(self._local.carried, host, carried)
        await self._finish(self._store.forward, claim, tuple(done))
        for result in results:
            if isinstance(result, EngineRefused):
                problem = result.message
            elif isinstance(result, EngineUnreachable):
                problem = problem or result.message
            elif isinstance(result, BaseException):
                raise result
        return problem

    async def _introduce(self, senders: frozenset[str]) -> str | None:
        """See to it that *senders* are known of before their mail is; return what kept that back.

        The other host believes of this one only what this one has said, and a session that has
        just begun, or has a new id, has not been spoken of.
        """
        if senders <= self._roster.spoken_of:
            return None
        try:
            await self._roster.speak_up()
        except (EngineError, StoreError) as error:
            return error.message
        return None

    async def _finish(self, work: Any, *arguments: Any) -> None:
        try:
            await asyncio.to_thread(work, *arguments)
        except StoreError as error:
            self._trace("nats_outbound_failed", error=error.message)

    async def _carry_each(self, host: str, parcels: list[_Parcel], done: dict[str, bool]) -> None:
        """Carry what one sender has sent, each after the one before it is kept."""
        for parcel in parcels:
            message_id = parcel.message.id
            if parcel.refusal:
                raise parcel.refusal
            if parcel.problem:
                await asyncio.to_thread(self._local.undeliverable, host, message_id, parcel.problem)
            else:
                subject = subjects.mail_subject(host, self._host_id)
                key = encoding.message_key("mail", message_id)
                await self._client.keep(subject, parcel.data, key)
            done[message_id] = not parcel.problem

    # ------------------------------------------------------------------ reports

    async def report(self) -> None:
        """Tell other hosts what became of their mail, until the connection is lost."""
        while not await self._client.until_closed(REPORT_SECONDS):
            try:
                for host, report in await asyncio.to_thread(self._local.reports):
                    key = encoding.message_key("receipt", report.message_id, report.stage)
                    subject = subjects.mail_subject(host, self._host_id)
                    try:
                        data = await asyncio.to_thread(
                            self._keys.seal, host, encoding.encode_report(report)
                        )
                    except KeyRefused:
                        continue  # it waits as the mail for that host does
                    await self._client.keep(subject, data, key)
                    await asyncio.to_thread(self._local.told, host, report)
            except EngineRefused as error:
                self._trace("nats_report_refused", error=error.message)
                await self._client.until_closed(FULL_SECONDS)
            except StoreError as error:
                self._trace("nats_report_failed", error=error.message)
                await self._client.until_closed(FULL_SECONDS)
