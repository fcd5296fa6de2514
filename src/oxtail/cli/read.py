"""``oxtail read``: what a session said, or what its pane shows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from oxtail.app.read_session import read_session
from oxtail.cli.opening import looking
from oxtail.cli.output import Outcome, Output, indented, neutral, one_line
from oxtail.errors import AmbiguousTarget, OxtailError, SessionUnreadable, TargetNotFound

if TYPE_CHECKING:
    from oxtail.app.results import SessionText
    from oxtail.cli.parser import Options


def text_of(result: SessionText) -> str:
    """Return the session's words behind a margin, or its pane as it stands."""
    if result.pane_text is not None:
        return neutral(result.pane_text).rstrip("\n")
    said = []
    for message in result.messages or ():
        when = f" {message['timestamp']}" if message.get("timestamp") else ""
        said.append(f"{one_line(message['role'] + when)}:\n{indented(message['text'])}")
    return "\n\n".join(said) if said else "nothing said yet"


def _failure(result: SessionText) -> OxtailError:
    kind: type[OxtailError] = SessionUnreadable
    if str(result.error).startswith(AmbiguousTarget.code):
        kind = AmbiguousTarget
    elif result.client_type is None:
        kind = TargetNotFound
    return kind(result.error, session=result.session, project_root=result.project_root)


def run(options: Options, output: Output) -> Outcome:  # noqa: ARG001 - as all verbs
    """Read the session."""
    ctx = looking(options)
    result = read_session(
        ctx,
        options.target,
        project_root=os.path.abspath(options.project) if options.project else None,
        mode=options.mode,
        limit=options.limit,
        max_bytes=options.max_bytes,
        include_timestamps=options.timestamps,
        tail_scan=options.tail_scan,
        pane_lines=options.pane_lines,
        pane_max_chars=options.pane_max_chars,
    )
    if result.error is not None:
        raise _failure(result)
    remark = "older text is left out" if result.truncated else None
    return Outcome(result.as_dict(), text_of(result), remark=remark)
