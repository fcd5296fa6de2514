"""A session's own server looks for the messages that were shown to it in its own transcript.

A receipt proves that a message was handed to the client.  Whether the client put it before the
model, and all of it, only the client's own record tells.  Whoever showed the message, a tool of
this server or the process of a hook, the record is in the same file; so this follows the file
instead of the readers, and judges what it finds there:

* the receipt says that the message was shown to this session;
* the ledger says which body it has, and the record has all of it.

What is found before its receipt is kept for the next look.  ``docs/formats/evidence.md`` says what
counts in a transcript, and ``docs/concepts.md`` what that proves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.app.received import received
from oxtail.core.evidence import InContext
from oxtail.core.names import session_box
from oxtail.core.value import Value
from oxtail.errors import StoreError

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.core.follow import Mark
    from oxtail.core.sighting import Sighting

LOOK_AFTER_SECONDS: Final = (0.0, 0.25, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 240.0)
"""When to look after mail has moved: each this long after the look before it.

A client writes what a hook gave it at once, and the result of a tool when the tools that run beside
it have ended."""

FIRST_SECONDS: Final = 30.0
"""When to look for what was shown before this server began; a session that starts is at work."""

BEHIND_SECONDS: Final = 0.1
"""How soon to read on in a transcript that one look did not get through."""

IDLE: Final = float("inf")
"""How long to rest while nothing has moved."""

KEPT_MAX: Final = 256
"""How many messages are kept that were found before their receipts, the latest ones."""

SESSIONS_MAX: Final = 2
"""In how many transcripts to look: a session that has got a new id may have mail in the old one."""


class _Found(Value):
    """A message in a transcript, not judged yet."""

    sighting: Sighting
    transcript: str
    line: int


class Witness:
    """Follows the transcripts of the session of *ctx*; for one thread."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._marks: dict[str, Mark] = {}
        self._paths: dict[str, str] = {}
        self._kept: dict[_Found, None] = {}
        self._next: float | None = ctx.clock.monotonic() + FIRST_SECONDS
        self._looks = 0

    def stir(self) -> None:
        """Begin to look anew: mail has come, or was shown."""
        self._looks = 0
        self._next = self._ctx.clock.monotonic()

    def look(self) -> float:
        """Look if it is time; return after how many seconds to call again at the latest."""
        now = self._ctx.clock.monotonic()
        if self._next is None:
            return IDLE
        if now < self._next:
            return self._next - now
        try:
            behind = self._search()
        except (OSError, StoreError) as error:
            self._ctx.trace("witness_failed", error=str(error))
            behind = False
        if behind:
            self._next = now + BEHIND_SECONDS
            return BEHIND_SECONDS
        self._looks += 1
        if self._looks >= len(LOOK_AFTER_SECONDS):
            self._next = None
            self._kept.clear()
            return IDLE
        self._next = now + LOOK_AFTER_SECONDS[self._looks]
        return LOOK_AFTER_SECONDS[self._looks]

    def _search(self) -> bool:
        """Read what is new and judge it; return whether there is more to read."""
        ctx, behind = self._ctx, False
        for found in list(self._kept):
            self._consider(found)
        marks: dict[str, Mark] = {}
        for session_id in ctx.session.ids()[:SESSIONS_MAX]:
            path = self._path(session_id)
            if path is None or path in marks:
                continue
            try:
                growth = ctx.transcripts.follow(
                    path, ctx.session.entry.client.type, self._marks.get(path)
                )
            except FileNotFoundError:
                continue
            marks[path] = growth.mark
            behind = behind or growth.more
            for line, sighting in growth.seen:
                self._consider(_Found(sighting, path, line))
        self._marks = marks
        return behind

    def _path(self, session_id: str) -> str | None:
        client = self._ctx.session.entry.client
        if session_id == client.session_id and client.transcript_path:
            self._paths[session_id] = client.transcript_path
        return self._paths.get(session_id) or self._ctx.transcripts.locate(
            client.type, session_id, client.cwd
        )

    def _consider(self, found: _Found) -> None:
        if self._judge(found):
            self._kept.pop(found, None)
            return
        self._kept.setdefault(found)
        if len(self._kept) > KEPT_MAX:
            del self._kept[next(iter(self._kept))]

    def _judge(self, found: _Found) -> bool:
        """Record where the message stands if it was shown to this session, and all of it.

        Returns:
            False if its receipt is not there; it is written after the output is out, so perhaps in
            a moment.
        """
        from oxtail.core.sighting import shows

        ctx, message_id = self._ctx, found.sighting.message_id
        if ctx.evidence.context_of(message_id) is not None:
            return True
        receipt = ctx.store.receipt(message_id)
        if receipt is None:
            return False
        mine = receipt.recipient_session_id in (None, *ctx.session.ids())
        message = received(ctx, message_id) if mine else None
        if message is None:
            return True
        where = {"transcript": found.transcript, "line": found.line}
        if not shows(found.sighting, message.body):
            ctx.trace("message_cut", message_id=message_id, **where)
            return True
        at = int(ctx.clock.now())
        ctx.evidence.found(InContext(message_id, found.transcript, found.line, at))
        ctx.trace("message_in_context", message_id=message_id, **where)
        if message.from_session_id:
            ctx.store.ring(session_box(message.from_session_id))
        return True
