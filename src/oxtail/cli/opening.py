"""How a command becomes a participant: who it acts for, and when it must say so."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager

from oxtail.app.context import Context
from oxtail.config import from_env
from oxtail.errors import NoSessionId
from oxtail.wiring import open_context

SESSION_ID = "OXTAIL_SESSION_ID"


@contextmanager
def opened(options: argparse.Namespace, *, needs_identity: bool = False) -> Iterator[Context]:
    """Give a context for one command, and withdraw what it published.

    Args:
        options: The parsed arguments; ``session_id`` (``--as``) goes before the environment.
        needs_identity: Refuse a caller who has not said who it is.

    Raises:
        NoSessionId: *needs_identity*, and neither ``--as`` nor ``OXTAIL_SESSION_ID`` is given.
        StoreError: the state folder cannot be used.

    """
    environ = dict(os.environ)
    if options.session_id:
        environ[SESSION_ID] = options.session_id
    ctx = open_context(from_env(environ), role="cli")
    try:
        if needs_identity and ctx.session.id is None:
            raise NoSessionId("This command does not know for which session it acts.")
        yield ctx
    finally:
        ctx.session.close()
