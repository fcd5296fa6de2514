"""The cockpit in a browser of this machine, by textual-serve (extra ``oxtail[web]``).

Rules of this file:

* It listens on the loopback interface, and on no other.
* Every request names the token that the address holds, the right host and, if it names one, the
  right origin; any other gets 403, whatever it asks for.
* Each page that is open is a cockpit process of its own; all end when this one does.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import shlex
import signal
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.server import Server

from oxtail.cockpit.web_page import STYLE, page, policy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

LOOPBACK: Final = "127.0.0.1"
TOKEN_BYTES: Final = 32
PAGES_MAX: Final = 8
"""Most pages that are open at once; each is a process."""

MESSAGE_MAX_BYTES: Final = 1 << 20
"""Longest message of a page; keys and pasted text are shorter."""

END_SECONDS: Final = 2.0
"""How long a cockpit may take to end before it is killed."""

SIZE_MIN, SIZE_MAX = 6, 48
"""Font sizes in pixels that ``?fontsize=`` may ask for."""


def _cells(text: str) -> int:
    """Return how many cells *text* names, or 0 for what is no size of a terminal."""
    is_size = text.isascii() and text.isdigit() and len(text) < 4
    return int(text) if is_size else 0


class _Process(AppService):
    """A cockpit process that certainly ends."""

    async def end(self) -> None:
        """End the process: ask first, then kill."""
        with suppress(ConnectionError):
            await self.stop()
        process = self._process
        if process is None:
            return
        try:
            await asyncio.wait_for(process.wait(), END_SECONDS)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


class CockpitServer(Server):
    """Serves the cockpit that *command* runs to whoever knows *token*.

    Args:
        command: The words of the command; it runs once for each page.
        port: Where it listens.
        token: What the address holds.
    """

    def __init__(self, command: Sequence[str], port: int, token: str) -> None:
        # Without a shell between them, the end of this process is seen by the cockpit itself.
        super().__init__(f"exec {shlex.join(command)}", LOOPBACK, port, "oxtail cockpit")
        self._token = token
        self._origin = f"http://{LOOPBACK}:{port}"
        self._pages = 0

    @property
    def address(self) -> str:
        """What a person opens."""
        return f"{self._origin}/{self._token}/"

    async def _make_app(self) -> web.Application:
        app = web.Application(middlewares=[self._guarded])
        base = f"/{self._token}"
        app.add_routes(
            [
                web.get(f"{base}/", self._page),
                web.get(f"{base}/page.css", self._style),
                web.get(f"{base}/ws", self._connection),
                web.static(f"{base}/static", self.statics_path),
            ]
        )
        return app

    @web.middleware
    async def _guarded(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        if not self._is_known(request):
            return web.Response(
                status=403, text="403: open the address that oxtail cockpit printed\n"
            )
        response = await handler(request)
        if not response.prepared:
            response.headers.update(
                {
                    "Cache-Control": "no-store",
                    "Content-Security-Policy": policy(self._origin.replace("http", "ws", 1)),
                    # The address holds the token, so it is told to nobody.
                    "Referrer-Policy": "no-referrer",
                    "X-Content-Type-Options": "nosniff",
                }
            )
        return response

    def _is_known(self, request: web.Request) -> bool:
        """Tell whether *request* comes from a page of ours, or from who was given the address."""
        given = request.path.split("/", 2)[1]
        host = f"{LOOPBACK}:{self.port}"
        return (
            hmac.compare_digest(given.encode(), self._token.encode())
            and request.headers.get("Host") == host
            and request.headers.get("Origin", self._origin) == self._origin
        )

    async def _page(self, request: web.Request) -> web.Response:
        asked = request.query.get("fontsize", "")
        size = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 4 else 0
        url = self.address.replace("http", "ws", 1) + "ws"
        more = {"size": size} if SIZE_MIN <= size <= SIZE_MAX else {}
        return web.Response(text=page("oxtail cockpit", url, **more), content_type="text/html")

    async def _style(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return web.Response(text=STYLE, content_type="text/css")

    async def _connection(self, request: web.Request) -> web.StreamResponse:
        if self._pages >= PAGES_MAX:
            return web.Response(status=503, text="503: too many pages are open\n")
        self._pages += 1
        try:
            return await self._cockpit(request)
        finally:
            self._pages -= 1

    async def _cockpit(self, request: web.Request) -> web.StreamResponse:
        """Run a cockpit for as long as the page is open."""
        page_end = web.WebSocketResponse(heartbeat=15, max_msg_size=MESSAGE_MAX_BYTES)
        await page_end.prepare(request)

        async def close() -> None:
            await page_end.close()

        cockpit = _Process(
            self.command,
            write_bytes=page_end.send_bytes,
            write_str=page_end.send_str,
            close=close,
            download_manager=self.download_manager,
        )
        width, height = (_cells(request.query.get(name, "")) for name in ("width", "height"))
        try:
            await cockpit.start(width or 80, height or 24)
            await self._process_messages(page_end, cockpit)
        finally:
            await cockpit.end()
        return page_end

    async def listen(self, listener: socket.socket, tell: Callable[[str], None]) -> None:
        """Serve on *listener* until SIGINT or SIGTERM; *tell* is called with the address."""
        runner = web.AppRunner(
            await self._make_app(), access_log=None, shutdown_timeout=END_SECONDS
        )
        await runner.setup()
        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, done.set)
        try:
            await web.SockSite(runner, listener).start()
            tell(self.address)
            await done.wait()
        finally:
            await runner.cleanup()


def serve(words: Sequence[str], port: int, tell: Callable[[str], None]) -> None:
    """Serve ``oxtail cockpit`` with these further *words* until SIGINT or SIGTERM.

    Args:
        words: Arguments of the verb, for each page.
        port: Where to listen; 0 for any that is free.
        tell: Called once with the address, when it can be opened.

    Raises:
        OSError: *port* cannot be used.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        command = [sys.executable, "-m", "oxtail", "cockpit", *words]
        token = secrets.token_urlsafe(TOKEN_BYTES)
        server = CockpitServer(command, listener.getsockname()[1], token)
        asyncio.run(server.listen(listener, tell))
