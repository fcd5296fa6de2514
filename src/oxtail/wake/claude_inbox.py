"""The door of a server that runs inside Claude Code: the session's inbox socket.

The client tells its servers the socket and a token in their environment, starts a turn for a text
that arrives while it is idle, and adds one that arrives during a turn to the next tool result.
Nothing comes back on the socket, so a text that was taken may still be dropped: if it is the same
as an earlier one, or if too many wait.  A user may hold or refuse such texts; then none is posted.

The token is written to the socket and nowhere else.
"""

from __future__ import annotations

import os
import stat
import time
from typing import TYPE_CHECKING, Final

from oxtail.core.codec import encode_line
from oxtail.core.offer import Offer
from oxtail.core.wake import ACCEPTED, FAILED, UNAVAILABLE
from oxtail.trace import Trace, silent
from oxtail.wake.inbound_policy import SETTING, inbound_policy

if TYPE_CHECKING:
    from collections.abc import Mapping

SOCKET_VARIABLE: Final = "CLAUDE_CODE_MESSAGING_SOCKET"
TOKEN_VARIABLE: Final = "CLAUDE_CODE_MESSAGING_TOKEN"  # noqa: S105 - the name of a variable

OFFER_SECONDS: Final = 1.0
"""How long the whole offer may take; a live client takes it at once."""

TEXT_MAX_BYTES: Final = 1_000_000
"""Longest text; no nudge and no budget of messages comes near."""


class ClaudeInbox:
    """The inbox socket of the session that this server belongs to.

    Args:
        environ: The environment of the server.
        trace: Told about every offer, as ``own_door_offered``.
    """

    name = "claude-inbox"

    def __init__(self, environ: Mapping[str, str], trace: Trace = silent) -> None:
        self._environ = environ
        self._path = environ.get(SOCKET_VARIABLE, "")
        self._token = environ.get(TOKEN_VARIABLE, "")
        self._trace = trace

    def is_available(self) -> bool:
        """Tell whether the socket is there, is this user's, and may be posted to."""
        return self.problem() is None

    def offer(self, text: str) -> Offer:
        """Hand *text* to the client; never raises.

        Returns:
            ``accepted`` if the socket took all of it; ``unavailable`` if nobody listens, or if the
            user's settings would keep it from the model; else ``failed``: then a part may have
            arrived, which the client ignores.
        """
        started = time.monotonic()
        offer = self._offer(text, started + OFFER_SECONDS)
        self._trace(
            "own_door_offered",
            door=self.name,
            outcome=offer.outcome,
            detail=offer.detail or None,
            duration_ms=int((time.monotonic() - started) * 1000),
        )
        return offer

    def problem(self) -> str | None:
        """Return why the door is not available, for ``oxtail doctor``; None if it is."""
        if not self._path:
            return f"{SOCKET_VARIABLE} is not set"
        try:
            found = os.stat(self._path)
        except (OSError, ValueError):
            return "there is no inbox socket"
        if not stat.S_ISSOCK(found.st_mode):
            return "the inbox socket is no socket"
        if found.st_uid != os.getuid():  # it would be told the token
            return "the inbox socket belongs to another user"
        policy = inbound_policy(self._environ)
        if policy in ("hold", "refuse"):
            return f"the setting {SETTING} is {policy}"
        return None

    def _offer(self, text: str, deadline: float) -> Offer:
        problem = self.problem()
        if problem:
            return Offer(UNAVAILABLE, problem)
        lines = [encode_line({"type": "auth", "token": self._token})] if self._token else []
        message = {"role": "user", "content": text}
        lines.append(encode_line({"type": "user", "message": message}))
        data = b"".join(lines)
        if len(data) > TEXT_MAX_BYTES:
            return Offer(FAILED, "the text is too long")
        return self._send(data, deadline)

    def _send(self, data: bytes, deadline: float) -> Offer:
        import socket

        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(OFFER_SECONDS)
            try:
                connection.connect(self._path)
            except OSError as error:
                return Offer(UNAVAILABLE, f"nobody listens: {error.strerror or error}")
            view = memoryview(data)
            try:
                while view:
                    # A client that takes a byte now and then must not stretch the time.
                    connection.settimeout(max(deadline - time.monotonic(), 0.001))
                    view = view[connection.send(view) :]
                connection.shutdown(socket.SHUT_WR)
            except TimeoutError:
                return Offer(FAILED, f"not taken within {OFFER_SECONDS:g} s")
            except OSError as error:
                return Offer(FAILED, f"the connection broke: {error.strerror or error}")
        return Offer(ACCEPTED)
