"""How a command becomes a participant: for which session it acts, and what that asks for."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from oxtail.app.identity import check_name, check_session_id
from oxtail.config import Settings, from_env
from oxtail.errors import NoSessionId, SessionIdTaken
from oxtail.wiring import open_context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oxtail.app.context import Context
    from oxtail.cli.parser import Options

SESSION_ID = "OXTAIL_SESSION_ID"
NAME = "OXTAIL_NAME"


def _settings(options: Options) -> Settings:
    environ = dict(os.environ)
    if options.session_id is not None:
        environ[SESSION_ID] = check_session_id(options.session_id)
    elif environ.get(SESSION_ID):
        check_session_id(environ[SESSION_ID], SESSION_ID)
    if environ.get(NAME):
        check_name(environ[NAME], NAME)
    return from_env(environ)


def looking(options: Options) -> Context:
    """Return a context for a command that only looks; it leaves no trace in the state folder."""
    return open_context(_settings(options), role="cli")


def _keep_known(ctx: Context) -> None:
    """Let peers reply later, without changing what a session says about itself."""
    for known in ctx.registry.known():
        if known.session_id == ctx.session.id and known.client_type != "unknown":
            return
    ctx.session.open()


def _check_free(ctx: Context, session_id: str) -> None:
    if holder := ctx.registry.holder(session_id):
        raise SessionIdTaken(
            f"Session {session_id} is running (process {holder.server_pid}), and its mail is its "
            "own. --force takes it all the same.",
            holder_pid=holder.server_pid,
        )


@contextmanager
def acting(
    options: Options,
    *,
    needs_identity: bool = False,
    takes_mail: bool = False,
    waits: bool = False,
) -> Iterator[Context]:
    """Give a context for a command that acts for a session, and withdraw what it published.

    Args:
        options: The parsed arguments; ``session_id`` (``--as``) goes before the environment.
        needs_identity: Refuse a caller who has not said who it is.
        takes_mail: Refuse, unless ``--force`` is given, to act for a session that runs elsewhere.
        waits: Appear to peers while the command runs, unless the session's server does already.

    Raises:
        NoSessionId: *needs_identity*, and neither ``--as`` nor ``OXTAIL_SESSION_ID`` is given.
        SessionIdTaken: the mail belongs to a running session in another process tree.
        BadArgument: the session id or the name cannot be used.
        StoreError: the state folder cannot be used.
    """
    settings = _settings(options)
    ctx = open_context(settings, role="cli")
    session_id = ctx.session.id
    if session_id is None:
        if needs_identity:
            raise NoSessionId("This command does not know for which session it acts.")
        yield ctx
        return
    if takes_mail and not options.force:
        _check_free(ctx, session_id)
    if waits and all(entry.session_id != session_id for entry in ctx.registry.entries()):
        ctx = open_context(settings, role="cli", announced=True)
        ctx.session.open()
    else:
        _keep_known(ctx)
    try:
        yield ctx
    finally:
        ctx.session.close()
