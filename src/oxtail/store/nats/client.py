"""One connection to the server, for as long as it lasts.

Nothing is repeated here: whoever uses it learns that something failed and decides.  A connection
that is lost is closed for good, and a new one starts from nothing; so no state of an old one can
mix with that of a new one.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from typing import TYPE_CHECKING, Any, Final, TypeVar

import nats
from nats import errors

from oxtail.errors import EngineRefused, EngineUnreachable
from oxtail.store.nats import subjects

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from oxtail.store.nats.settings import Engine

    Message = Any

CONNECT_SECONDS: Final = 5
ANSWER_SECONDS: Final = 5.0
"""How long an answer of the server may take; a slow disk of a cluster takes a second."""

PING_SECONDS: Final = 5
"""How often a silent connection is tried; two without an answer end it."""

T = TypeVar("T")


def _tls(engine: Engine) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=engine.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if engine.cert:
        context.load_cert_chain(engine.cert, engine.key)
    return context


class Client:
    """A connection that is open, or was.

    Attributes:
        closed: Set once it is lost or closed.
        complaint: The last thing that the server refused outside an answer, or an empty text.
    """

    def __init__(self, prefix: str) -> None:
        self.closed = asyncio.Event()
        self.complaint = ""
        self._prefix = prefix
        self._nats: Any = None

    @classmethod
    async def connect(cls, engine: Engine, host_id: str, name: str) -> Client:
        """Return an open connection.

        Raises:
            EngineUnreachable: no server answers, or it is not the one that it should be.
            EngineRefused: it does not let this host in.
        """
        client = cls(subjects.inbox_prefix(host_id))
        options: dict[str, Any] = {
            "servers": list(engine.urls),
            "name": name,
            "allow_reconnect": False,
            # Of the first connection alone: each server is tried twice, and then it is ours to say
            # when to try again.
            "max_reconnect_attempts": 1,
            "reconnect_time_wait": 0.1,
            "connect_timeout": CONNECT_SECONDS,
            "ping_interval": PING_SECONDS,
            "max_outstanding_pings": 2,
            "inbox_prefix": client._prefix,
            "error_cb": client._complained,
            "closed_cb": client._was_closed,
        }
        connection = nats.NATS()
        if engine.needs_tls:
            options["tls"] = _tls(engine)
        if engine.credentials:
            options["user_credentials"] = engine.credentials
        elif engine.user:
            options["user"] = lambda: _only_encrypted(connection, engine, engine.user or "")
            options["password"] = lambda: _only_encrypted(connection, engine, engine.password or "")
        client._nats = connection
        try:
            await connection.connect(**options)
        except errors.AuthorizationError as error:
            raise EngineRefused(
                "the server does not accept the credentials of this host"
            ) from error
        except (TimeoutError, errors.Error, OSError, ValueError) as error:
            # The library raises that no server was left; why, it has said before.
            why = client.complaint or _said(error)
            await client.close()
            if "authorization" in str(error).lower():
                raise EngineRefused(
                    "the server does not accept the credentials of this host"
                ) from error
            raise EngineUnreachable(f"no connection to the server: {why}") from error
        return client

    async def _complained(self, error: Exception) -> None:
        self.complaint = _said(error)

    async def _was_closed(self) -> None:
        self.closed.set()

    async def close(self) -> None:
        """End the connection; never raises."""
        self.closed.set()
        try:
            await asyncio.wait_for(self._nats.close(), ANSWER_SECONDS)
        except (TimeoutError, errors.Error, OSError, AttributeError) as error:
            self.complaint = _said(error)

    async def until_closed(self, seconds: float) -> bool:
        """Wait *seconds*, or until the connection is lost; tell whether it is lost."""
        try:
            await asyncio.wait_for(self.closed.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def lost(self) -> EngineUnreachable:
        """Return the error of a connection that is lost."""
        return EngineUnreachable("the connection to the server was lost")

    async def wait(self, wanted: Coroutine[Any, Any, T], seconds: float) -> T | None:
        """Return what *wanted* returns, or None if that takes longer than *seconds*.

        Raises:
            EngineUnreachable: the connection was lost first.
        """
        work = asyncio.ensure_future(wanted)
        end = asyncio.ensure_future(self.closed.wait())
        try:
            await asyncio.wait({work, end}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            if self.closed.is_set():
                raise self.lost()
            return None
        finally:
            end.cancel()
            work.cancel()

    async def _answered(self, wanted: Coroutine[Any, Any, T]) -> T:
        """Return what *wanted* returns, or raise as soon as the connection is lost."""
        work = asyncio.ensure_future(wanted)
        end = asyncio.ensure_future(self.closed.wait())
        try:
            await asyncio.wait({work, end}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done() or work.cancelled():
                raise self.lost()
            return work.result()
        except errors.NoRespondersError as error:
            raise EngineRefused("the server keeps no mail: run oxtail nats init") from error
        except (errors.Error, OSError) as error:  # a time-out is an OSError, too
            raise EngineUnreachable(self.complaint or f"no answer: {_said(error)}") from error
        finally:
            end.cancel()
            work.cancel()

    # ------------------------------------------------------------------ saying and asking

    async def request(
        self, subject: str, data: bytes = b"", headers: dict[str, str] | None = None
    ) -> Message:
        """Return the answer to a request.

        Raises:
            EngineUnreachable: none came in time; it may have been carried out all the same.
            EngineRefused: nobody is there to answer it.
        """
        asked = self._nats.request(subject, data, timeout=ANSWER_SECONDS, headers=headers)
        return await self._answered(asked)

    async def api(self, subject: str, members: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the answer of the server's own interface.

        Raises:
            EngineRefused: it refuses; ``err_code`` says what.
            EngineUnreachable: no answer came, which is also what a user without permission sees.
        """
        data = json.dumps(members).encode() if members is not None else b""
        return _checked(await self.request(f"{subjects.API}.{subject}", data))

    async def keep(
        self,
        subject: str,
        data: bytes,
        key: str | None = None,
        *,
        headers: dict[str, str] | None = None,
    ) -> bool:
        """Give *data* to the stream of *subject*; when this returns it is kept there.

        Args:
            subject: Where to.
            data: The payload.
            key: By which the server knows that it has it already.
            headers: What goes with it.

        Returns:
            False if the server had it already.

        Raises:
            EngineRefused: it is not kept: the stream is at its bound.
            EngineUnreachable: it is not known whether it is kept.
        """
        if key:
            headers = {**(headers or {}), "Nats-Msg-Id": key}
        answer = _checked(await self.request(subject, data, headers))
        if not isinstance(answer.get("seq"), int):
            raise EngineRefused("the server did not say that it keeps the message")
        return answer.get("duplicate") is not True

    async def say(
        self,
        subject: str,
        data: bytes = b"",
        reply: str = "",
        *,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Send *data* without waiting for an answer.

        Raises:
            EngineUnreachable: the connection is lost.
        """
        await self._answered(self._nats.publish(subject, data, reply=reply, headers=headers))

    async def hear(
        self, subject: str, heard: Callable[[Message], Awaitable[None]]
    ) -> Callable[[], Awaitable[None]]:
        """Call *heard* with each message for *subject*, one after another; return what ends it.

        Raises:
            EngineUnreachable: the connection is lost.
        """
        heard_by = await self._answered(self._nats.subscribe(subject, cb=heard))
        await self._answered(self._nats.flush(ANSWER_SECONDS))

        async def stop() -> None:
            try:
                await heard_by.unsubscribe()
            except errors.Error:
                return  # it ended with the connection

        return stop

    def own_subject(self, name: str) -> str:
        """Return a subject under which only this host hears."""
        return f"{self._prefix}.{name}"


def _only_encrypted(connection: Any, engine: Engine, secret: str) -> str:
    """Return *secret*, which is asked for after the handshake; nobody else may hear it.

    Someone between the two who says that the server wants no encryption gets none of it.
    """
    if engine.needs_tls and not connection._server_info.get("tls_required"):  # noqa: SLF001
        raise errors.SecureConnRequiredError
    return secret


def _said(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (str(error) or type(error).__name__).removeprefix("nats: ")[:200]


def _checked(message: Message) -> dict[str, Any]:
    try:
        answer = json.loads(message.data)
    except ValueError as error:
        raise EngineRefused("the server's answer is not JSON") from error
    if not isinstance(answer, dict):
        raise EngineRefused("the server's answer is no object")
    if isinstance(problem := answer.get("error"), dict):
        text = str(problem.get("description") or "refused")[:200]
        raise EngineRefused(text, err_code=problem.get("err_code"), status=problem.get("code"))
    return answer
