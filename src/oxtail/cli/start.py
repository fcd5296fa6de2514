"""Where the ``oxtail`` command begins, before anything of it is loaded.

The verbs that agents wait for, and the server, go without :mod:`typing` and compile regular
expressions late, as hooks do (:mod:`oxtail.hooks.lean`): that is an eighth of what an ``oxtail
send`` costs.  They load the standard library and nothing else.  All other verbs may load foreign
packages, which may look at their types, so these get the real module.
"""

import sys

LEAN = frozenset(("serve", "send", "ask", "reply", "inbox", "peers", "read"))
"""Verbs that load nothing foreign."""


def run() -> None:
    """Be the ``oxtail`` command: carry out ``sys.argv`` and exit."""
    words = sys.argv[1:]
    # Without a word it is the server that a client starts, or the help.
    if not words or words[0] in LEAN:
        from oxtail.hooks import lean

        lean.install()
    from oxtail.cli.main import main

    sys.exit(main(words))
