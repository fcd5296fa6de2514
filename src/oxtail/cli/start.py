"""Where the ``oxtail`` command begins, before anything of it is loaded.

The verbs that agents wait for, and the server, go without some modules of the standard library, as
hooks do (:mod:`oxtail.lean`): that is a third of what an ``oxtail send`` costs.  They load nothing
foreign.  All other verbs may load foreign packages, which may look at their types, so these get the
real modules.
"""

import os
import sys

LEAN = frozenset(("send", "ask", "reply", "inbox", "peers", "read"))
"""Verbs that load nothing foreign, and leave no thread behind that has to end."""


def run() -> None:
    """Be the ``oxtail`` command: carry out ``sys.argv`` and exit."""
    words = sys.argv[1:]
    is_lean = bool(words) and words[0] in LEAN
    # Without a word it is the server that a client starts, or the help.
    if is_lean or not words or words[0] == "serve":
        from oxtail import lean

        lean.install()
    from oxtail.cli.main import main

    status = main(words)
    if is_lean:
        _end(status)
    sys.exit(status)


def _end(status: int) -> None:
    """End without taking the process apart, which costs a twentieth of a send and gains nothing.

    Returns where something was not written: Python tells of that when it ends in its usual way.
    """
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return
    os._exit(status)
