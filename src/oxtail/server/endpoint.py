"""What each protocol message does.

Runs on the thread that reads requests, so nothing here waits for the disk or for a peer: calls are
checked here and run by :mod:`oxtail.server.runner`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from oxtail import __version__
from oxtail.app.session import RETRY_SECONDS
from oxtail.errors import BadArgument, NotEmitted
from oxtail.server import catalog, protocol
from oxtail.server.calls import Call, CallRequest, Calls, CallState
from oxtail.server.protocol import Fault, Notification, Request, is_request_id
from oxtail.server.results import failure
from oxtail.server.runner import Runner
from oxtail.server.schema import check
from oxtail.server.worker import Worker, stack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from oxtail.app.context import Context
    from oxtail.server.timers import Timers
    from oxtail.server.wire import Output

FIRST_HOUSE_SECONDS: Final = 5.0
HOUSE_SECONDS: Final = 6 * 3600.0
"""When a server looks after what others have left behind: soon, and then a few times a day."""

GREET_SECONDS: Final = 0.05
"""How long after the handshake the slow part of the start begins: clients list the tools first."""

PROGRESS_SECONDS: Final = 10
"""How often a waiting question says that it still waits, to clients that want to know."""

CALLS_MAX: Final = 512
"""Calls that are open at the same time; each holds at most a few 10 kB."""

NAME_MAX_CHARS: Final = 200
"""Longest name of a client or a calling session that is believed."""

_BUSY: Final = -32_000


class Endpoint:
    """One client's conversation with the server."""

    def __init__(self, ctx: Context, output: Output, worker: Worker, timers: Timers) -> None:
        self._ctx = ctx
        self._output = output
        self._worker = worker
        self._timers = timers
        self._calls = Calls(ctx.clock.monotonic)
        self._runner = Runner(ctx, self._calls, worker)
        self._tools = {tool.name: tool for tool in (*catalog.TOOLS, *catalog.UNLISTED)}
        self._listing: list[dict[str, Any]] = []
        self._client_name: str | None = None
        self._is_greeted = False
        self._looks_again = True
        self._methods: dict[str, Callable[[Request], dict[str, Any] | None]] = {
            "initialize": self._initialize,
            "ping": lambda _: {},
            "tools/list": self._list,
            "tools/call": self._call,
        }

    def handle(self, line: bytes | None) -> None:
        """Do what *line* asks; None stands for a line that was too long.  Never raises."""
        message = protocol.TOO_LONG if line is None else protocol.parse(line)
        try:
            if isinstance(message, Fault):
                self._output.write(protocol.encode_fault(message))
            elif isinstance(message, Request):
                self._request(message)
            elif isinstance(message, Notification):
                self._notification(message)
        except NotEmitted:
            return  # the loop has been asked to end

    def finish(self, within: float) -> bool:
        """End the calls, within *within* seconds; return whether all have ended."""
        return self._runner.finish(within)

    def _request(self, request: Request) -> None:
        method = self._methods.get(request.method)
        if method is None:
            problem = f"no such method: {request.method[:NAME_MAX_CHARS]}"
            self._fault(request, protocol.METHOD_NOT_FOUND, problem)
            return
        try:
            result = method(request)
        except NotEmitted:
            raise
        except Exception as error:  # noqa: BLE001 - one bad request must not end the server
            self._ctx.trace("internal_error", method=request.method, error=stack(error))
            self._fault(request, protocol.INTERNAL_ERROR, "internal error")
            return
        if result is not None:
            self._output.write(protocol.encode_result(request.id, result))

    def _fault(self, request: Request, code: int, message: str) -> None:
        self._output.write(protocol.encode_fault(Fault(request.id, code, message)))

    def _notification(self, notification: Notification) -> None:
        if notification.method == "notifications/initialized":
            self._timers.after(GREET_SECONDS, self._greet)
        elif notification.method == "notifications/cancelled":
            self._cancelled(notification.params.get("requestId"))

    def _initialize(self, request: Request) -> dict[str, Any]:
        client = request.params.get("clientInfo")
        name = client.get("name") if isinstance(client, dict) else None
        self._client_name = name[:NAME_MAX_CHARS] if isinstance(name, str) else None
        return {
            "protocolVersion": protocol.agreed_version(request.params.get("protocolVersion")),
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "oxtail", "version": __version__},
            "instructions": catalog.text("instructions"),
        }

    def _list(self, request: Request) -> dict[str, Any] | None:
        if request.params.get("cursor") is not None:
            self._fault(request, protocol.INVALID_PARAMS, "the list has one page, and no cursors")
            return None
        if not self._listing:
            self._listing = list(catalog.listing())
        return {"tools": self._listing}

    def _call(self, request: Request) -> None:
        name, arguments = request.params.get("name"), request.params.get("arguments")
        tool = self._tools.get(name) if isinstance(name, str) else None
        if tool is None:
            problem = f"unknown tool: {str(name)[:NAME_MAX_CHARS]}"
            self._fault(request, protocol.INVALID_PARAMS, problem)
            return
        if arguments is not None and not isinstance(arguments, dict):
            self._fault(request, protocol.INVALID_PARAMS, "arguments must be an object")
            return
        try:
            checked = check(tool.fields, arguments or {})
        except BadArgument as error:
            self._output.write(protocol.encode_result(request.id, failure(error)))
            return
        caller, token = _meta(request.params)
        call = Call(CallRequest(request.id, tool, checked, caller, token), self._output)
        if len(self._calls) >= CALLS_MAX:
            self._fault(request, _BUSY, "too many calls are open")
        elif not self._calls.add(call):
            self._fault(request, protocol.INVALID_REQUEST, "a request with this id is open")
        else:
            self._greet()
            self._runner.submit(call)
            if call.request.waits and token is not None:
                self._report_progress_later(call, PROGRESS_SECONDS)

    def _cancelled(self, identifier: object) -> None:
        call = self._calls.find(identifier) if is_request_id(identifier) else None
        if call is not None and not call.cancel():
            self._runner.take_back(call)

    def _report_progress_later(self, call: Call, seconds: int) -> None:
        self._timers.after(PROGRESS_SECONDS, partial(self._report_progress, call, seconds))

    def _report_progress(self, call: Call, seconds: int) -> None:
        if call.state is not CallState.OPEN:
            return
        try:
            call.progress(seconds)
        except NotEmitted:
            return  # the loop has been asked to end
        self._report_progress_later(call, seconds + PROGRESS_SECONDS)

    def _greet(self) -> None:
        """Begin what takes time: who the client is, which session this is, which pane."""
        if self._is_greeted:
            return
        self._is_greeted = True
        session = self._ctx.session
        self._worker.put(session.handshake, self._client_name)
        self._worker.put(session.settle)
        self._worker.put(self._finish_closings)
        self._timers.after(FIRST_HOUSE_SECONDS, self._keep_house)
        for seconds in RETRY_SECONDS:
            self._timers.after(seconds, partial(self._look_again, seconds))

    def _finish_closings(self) -> None:
        """Finish closings of work that a server of this session before this one had begun."""
        if not self._ctx.work.closings(self._ctx.session.ids()):
            return
        from oxtail.app.closing import finish_closings

        finish_closings(self._ctx)

    def _keep_house(self) -> None:
        """Look after mail and records of sessions that are not running, and again later."""
        self._worker.put(self._tidy)
        self._timers.after(HOUSE_SECONDS, self._keep_house)

    def _tidy(self) -> None:
        from oxtail.app.shelf import keep_house

        keep_house(self._ctx)

    def _look_again(self, seconds: int) -> None:
        if self._looks_again:
            self._worker.put(self._retry, f"retry_{seconds}s")

    def _retry(self, trigger: str) -> None:
        self._looks_again = self._ctx.session.retry(trigger)


def _meta(params: Mapping[str, Any]) -> tuple[str | None, protocol.RequestId | None]:
    """Return the calling session and the progress token, where the client named them well."""
    meta = params.get("_meta")
    if not isinstance(meta, dict):
        return None, None
    caller, token = meta.get("threadId"), meta.get("progressToken")
    if not isinstance(caller, str) or not 0 < len(caller) <= NAME_MAX_CHARS:
        caller = None
    return caller if caller and caller.isprintable() else None, token if is_request_id(
        token
    ) else None
