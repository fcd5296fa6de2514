"""Terminals that are attached to a private tmux server, as a person's would be."""

from __future__ import annotations

import os
import pty
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from helpers.capabilities import where
from helpers.tmux import PrivateTmux
from helpers.waiting import until


@contextmanager
def attached(tmux: PrivateTmux, *arguments: str) -> Iterator[str]:
    """Run ``tmux`` with *arguments*, which attach it, in a terminal; yield the terminal's name."""
    ours, theirs = pty.openpty()
    name = os.ttyname(theirs)
    process = subprocess.Popen(
        [str(where("tmux")), "-u", "-L", tmux.name, "-f", "/dev/null", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**tmux.clean, "TERM": "xterm"},
        start_new_session=True,
    )
    os.close(theirs)
    drain = threading.Thread(target=_drain, args=(ours,), daemon=True)
    drain.start()
    try:
        until(lambda: name in tmux.run("list-clients", "-F", "#{client_name}").splitlines())
        yield name
    finally:
        process.kill()
        process.wait()
        drain.join(60)
        os.close(ours)


def _drain(descriptor: int) -> None:
    """Read what is drawn, so that nobody waits for a reader."""
    with suppress(OSError):
        while os.read(descriptor, 65_536):
            pass
