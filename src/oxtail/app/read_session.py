"""Look at what another session of the project said or shows; for orientation, never for proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.app.results import SessionText
from oxtail.core.names import is_uuid_shape
from oxtail.core.scope import Place, contains, same_project
from oxtail.core.transcript import clip_tail
from oxtail.errors import BadArgument, PaneError
from oxtail.trace import timestamp

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.core.entry import Entry
    from oxtail.core.pane import Pane

MODES: Final = ("auto", "transcript", "pane")

PANE_LINES: Final = (20, 2_000)
"""Fewest and most rows of a pane."""

PANE_CHARS: Final = (500, 200_000)
"""Fewest and most characters of a pane."""


def _clamp(value: float, bounds: tuple[int, int]) -> int:
    return int(min(max(value, bounds[0]), bounds[1]))


class _Reader:
    """One reading of one session; collects what every exit answers with."""

    def __init__(self, ctx: Context, name: str, project_root: str | None) -> None:
        self.ctx = ctx
        self.name = name
        self.here = ctx.projects.place(project_root or ctx.session.entry.client.cwd)
        if project_root:
            self.here = self.here._replace(root=self.here.cwd)
        self.result = SessionText(
            session=name,
            mode="none",
            client_type=None,
            messages=None,
            pane_text=None,
            truncated=False,
            count_truncated=False,
            bytes_truncated=False,
            total_messages=None,
            total_messages_exact=False,
            project_root=self.here.root,
            inferred=project_root is None,
            error=None,
        )

    def fail(self, error: str) -> SessionText:
        return self.result._replace(error=error)

    def in_scope(self, path: str) -> bool:
        place: Place = self.ctx.projects.place(path)
        return same_project(self.here, place) or contains(self.here, place)

    def find(self) -> Entry | str | None:
        """Return the entry that is meant, None for nobody, or why it cannot be told."""
        entries = self.ctx.registry.entries()
        found = [e for e in entries if e.session_id == self.name]
        if not found and (heir := self.ctx.lineage.heir(self.name)) != self.name:
            found = [e for e in entries if e.session_id == heir]
        if not found and not is_uuid_shape(self.name):
            found = [e for e in entries if e.name == self.name]
            found = found or [e for e in entries if e.tmux_session == self.name]
        visible = [e for e in found if self.in_scope(e.client.cwd)]
        if len(visible) > 1:
            ids = [e.session_id for e in visible if e.session_id]
            which = f"one of {', '.join(ids)}" if ids else "none of them has said who it is"
            return f"ambiguous-target: several agents answer to this name; {which}"
        if visible:
            return visible[0]
        if found:
            return "the session is not in project scope"
        if is_uuid_shape(self.name):
            return "unknown-or-unclaimed-session: no running session has this id"
        return None

    def pane_of(self, entry: Entry) -> Pane | None:
        """Return the peer's own pane: the one whose process tree holds its server."""
        return self.ctx.panes.host_of(entry.server_pid) if entry.tmux_pane else None

    def bare_pane(self) -> Pane | str:
        """Return the pane of a tmux session without agent, or why it cannot be read."""
        panes = [pane for pane in self.ctx.panes.list() if pane.session == self.name]
        if not panes or not any(
            self.in_scope(path) for pane in panes for path in (pane.session_path, pane.path)
        ):
            return "no such session, or it is not in project scope"
        return next((pane for pane in panes if self.in_scope(pane.path)), panes[0])

    def pane(self, pane: Pane, lines: int, max_chars: int) -> SessionText:
        text = self.ctx.panes.capture(pane.pane_id, lines)
        clipped, cut = clip_tail(text, max_chars)
        return self.result._replace(
            session=pane.session, mode="pane", pane_text=clipped, truncated=cut
        )

    def transcript(
        self, entry: Entry, path: str, limit: int, max_bytes: int, timestamps: bool, tail: bool
    ) -> SessionText:
        try:
            found = self.ctx.transcripts.read(
                path,
                entry.client.type,
                limit=limit,
                max_bytes=max_bytes,
                timestamps=timestamps,
                tail_scan=tail,
            )
        except OSError as error:
            return self.fail(f"the transcript read failed: {error.strerror or error}")
        result = self.result._replace(
            mode="transcript",
            messages=tuple(said._asdict() for said in found.messages),
            truncated=found.count_truncated or found.bytes_truncated,
            count_truncated=found.count_truncated,
            bytes_truncated=found.bytes_truncated,
            total_messages=found.total_messages,
            total_messages_exact=found.total_messages is not None,
        )
        if found.modified_at is None:
            return result
        age = max(0, int(self.ctx.clock.now() - found.modified_at))
        return result._replace(
            transcript_mtime=timestamp(found.modified_at), transcript_age_seconds=age
        )


def read_session(
    ctx: Context,
    name: str,
    *,
    project_root: str | None = None,
    mode: str = "auto",
    limit: int = 20,
    max_bytes: int = 24_000,
    include_timestamps: bool = False,
    tail_scan: bool = False,
    pane_lines: int = 240,
    pane_max_chars: int = 20_000,
) -> SessionText:
    """Return the end of a session's transcript, or what its pane shows.

    Numbers out of range are clamped.  Whatever cannot be read is an ``error`` in the result, and
    no id of a session outside the project appears in it.

    Args:
        ctx: The caller's context.
        name: A session id, a chosen name, or a tmux session name.
        project_root: The project, inferred from the caller's folder unless given.
        mode: ``transcript``, ``pane``, or ``auto``: the transcript where one is known.
        limit: Most messages (1 to 1000).
        max_bytes: Most bytes of text (256 to 1000000).
        include_timestamps: Whether messages carry their time.
        tail_scan: Read backwards from the end; the total may then be unknown.
        pane_lines: Rows of the pane (20 to 2000).
        pane_max_chars: Characters of the pane (500 to 200000).

    Raises:
        BadArgument: *mode* is none of the three.
        StoreError: the registry could not be read.
    """
    if mode not in MODES:
        raise BadArgument("mode", f"must be one of {', '.join(MODES)}")
    reader = _Reader(ctx, name, project_root)
    lines, chars = _clamp(pane_lines, PANE_LINES), _clamp(pane_max_chars, PANE_CHARS)
    try:
        entry = reader.find()
        if isinstance(entry, str):
            return reader.fail(entry)
        if entry is None:
            pane = reader.bare_pane()
            if isinstance(pane, str):
                return reader.fail(pane)
            if mode == "transcript":
                return reader.fail(
                    "no registry entry with a transcript path: the agent may not use oxtail"
                )
            return reader.pane(pane, lines, chars)
        reader.result = reader.result._replace(
            session=entry.tmux_session or name,
            client_type=entry.client.type,
            resolved_session_id=entry.session_id,
            session_id_source=entry.client.session_id_source,
        )
        path = entry.client.transcript_path
        if mode == "transcript" or (mode == "auto" and path):
            if path is None:
                return reader.fail("no registry entry with a transcript path for this session")
            return reader.transcript(entry, path, limit, max_bytes, include_timestamps, tail_scan)
        own = reader.pane_of(entry)
        if own is None:
            kind = "a transcript-only peer" if path else "neither transcript nor pane is known"
            return reader.fail(f"there is no pane to capture: {kind}")
        return reader.pane(own, lines, chars)
    except PaneError as error:
        return reader.fail(error.message or "pane capture failed")
