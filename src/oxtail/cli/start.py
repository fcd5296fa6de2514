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
        # Taking the process apart costs a twentieth of a send and gains nothing: the output has
        # flushed what was said, and told of what could not be.
        os._exit(status)
    sys.exit(status)
