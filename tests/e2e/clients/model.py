"""A model that a scenario plays: one server on loopback that speaks both vendors' dialects.

Rule of this file: it knows turns and answers, and no wire format; ``anthropic.py`` and
``openai.py`` know those.

A client is given the base address ``model.address(name)``.  Each request of its main loop is a
turn: it waits until the scenario answers it, with text or with a call of a tool.  So a client
that is not answered is a busy one, and several clients run at once, each as far as the scenario
lets it.  Requests beside the main loop (titles, token counts) are answered without the scenario.
"""

from __future__ import annotations

import json
import queue
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple, Protocol, Self

CLIENT_SECONDS: Final = 60
"""Longest wait for a client's next request; a loaded machine starts one in a fifth of it."""

ANSWER_SECONDS: Final = 240
"""Longest wait of a client for the scenario; below the life of a scenario."""


class Say(NamedTuple):
    """An answer that ends the turn."""

    text: str


class Use(NamedTuple):
    """An answer that calls a tool of the oxtail server; *call_id* names its result later on."""

    call_id: str
    tool: str
    arguments: dict[str, Any]


Answer = Say | Use


class Turn(NamedTuple):
    """One request of a client's main loop, as the model receives it."""

    headers: dict[str, str]
    body: dict[str, Any]


class Dialect(Protocol):
    """The wire format of one vendor."""

    def is_turn(self, path: str, body: dict[str, Any]) -> bool:
        """Tell whether a request belongs to the main loop: only those offer tools."""
        ...

    def encode(self, answer: Answer, body: dict[str, Any]) -> tuple[str, bytes]:
        """Return the content type and content that carry *answer* to the request *body*."""
        ...

    def aside(self, path: str) -> dict[str, Any] | None:
        """Return the content for a request beside the main loop, or None if text will do."""
        ...

    def results(self, body: dict[str, Any]) -> dict[str, str]:
        """Return what tools answered, by call id, from the whole conversation in *body*."""
        ...

    def text(self, body: dict[str, Any]) -> str:
        """Return all that the conversation in *body* says, for a look at what the model sees."""
        ...


class _Exchange:
    """A turn on its way: the request in, the answer out."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self._answered = threading.Event()
        self._answer: Answer | None = None

    def answer(self, answer: Answer | None) -> None:
        self._answer = answer
        self._answered.set()

    def wait(self) -> Answer | None:
        self._answered.wait(ANSWER_SECONDS)
        return self._answer


class Mind:
    """What decides for one client; the scenario's side of its conversation."""

    def __init__(self, name: str, dialect: Dialect) -> None:
        self.name = name
        self.dialect = dialect
        self.turns: list[Turn] = []
        self._arriving: queue.Queue[_Exchange] = queue.Queue()
        self._open: _Exchange | None = None
        self._calls = 0

    def offer(self, turn: Turn) -> Answer | None:
        """Hand *turn* to the scenario and wait for its answer; None if there will be none."""
        exchange = _Exchange(turn)
        self.turns.append(turn)
        self._arriving.put(exchange)
        return exchange.wait()

    def turn(self, within: float = CLIENT_SECONDS) -> Turn:
        """Return the turn that waits for an answer; wait for the client to take one if need be."""
        if self._open is None:
            try:
                self._open = self._arriving.get(timeout=within)
            except queue.Empty:
                raise AssertionError(f"{self.name} sent no request in {within} s") from None
        return self._open.turn

    def say(self, text: str) -> None:
        """End the client's turn with *text*."""
        self._answer(Say(text))

    def use(self, tool: str, **arguments: Any) -> str:
        """Let the client call *tool*, and return at once; the result is :meth:`result`'s."""
        self._calls += 1
        call_id = f"call_{self.name}_{self._calls}"
        self._answer(Use(call_id, tool, arguments))
        return call_id

    def result(self, call_id: str, within: float = CLIENT_SECONDS) -> dict[str, Any]:
        """Return what the tool answered, from the body of the client's next request."""
        found = self.dialect.results(self.turn(within).body).get(call_id)
        if found is None:
            raise AssertionError(f"{self.name}: no result of {call_id} in the next request")
        return _object_in(found)

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Let the client call *tool* and return what the model is then told."""
        return self.result(self.use(tool, **arguments))

    def sees(self) -> str:
        """Return all text of the turn that waits for an answer."""
        return self.dialect.text(self.turn().body)

    def forget(self) -> None:
        """Drop what the client asked and will never hear, because it was killed."""
        if self._open is not None:
            self._open.answer(None)
            self._open = None
        while not self._arriving.empty():
            self._arriving.get().answer(None)

    def _answer(self, answer: Answer) -> None:
        self.turn()
        assert self._open is not None
        self._open.answer(answer)
        self._open = None


def _object_in(text: str) -> dict[str, Any]:
    """Return the JSON object in *text*; clients may put words of their own around it."""
    start = text.find("{")
    if start < 0:
        raise AssertionError(f"a tool answered with no object: {text!r}")
    value, _ = json.JSONDecoder().raw_decode(text[start:])
    return dict(value)


class Model:
    """The server; a context manager."""

    def __init__(self) -> None:
        self._minds: dict[str, Mind] = {}
        minds = self._minds

        class Handler(_Handler):
            def mind(self, name: str) -> Mind | None:
                return minds.get(name)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        for mind in self._minds.values():
            mind.forget()
        self._server.shutdown()
        self._server.server_close()

    def mind(self, name: str, dialect: Dialect) -> Mind:
        """Return the mind of a new client *name*."""
        return self._minds.setdefault(name, Mind(name, dialect))

    def address(self, name: str) -> str:
        """Return the base address that makes a client the one called *name*."""
        return f"http://127.0.0.1:{self._server.server_port}/{name}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def mind(self, name: str) -> Mind | None:
        raise NotImplementedError

    def log_message(self, *args: object) -> None:
        """Stay quiet: a scenario's output is its own."""

    def do_GET(self) -> None:
        self._send(404, "application/json", b"{}")

    def do_HEAD(self) -> None:
        self._send(404, "application/json", b"")

    def do_POST(self) -> None:
        body = self._body()
        parts = re.fullmatch(r"/([^/]+)(/[^?]*)(\?.*)?", self.path)
        mind = self.mind(parts[1]) if parts else None
        if parts is None or mind is None or body is None:
            self._send(404, "application/json", b"{}")
            return
        if mind.dialect.is_turn(parts[2], body):
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = mind.offer(Turn(headers, body))
        elif (content := mind.dialect.aside(parts[2])) is not None:
            self._send(200, "application/json", json.dumps(content).encode())
            return
        else:
            answer = Say("aside")
        if answer is None:
            self._send(503, "application/json", b"{}")
        else:
            self._send(200, *mind.dialect.encode(answer, body))

    def _body(self) -> dict[str, Any] | None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            value = json.loads(raw)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    def _send(self, status: int, kind: str, content: bytes) -> None:
        self.close_connection = True
        try:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.send_header("connection", "close")
            self.end_headers()
            self.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            return  # the client was killed while it waited
