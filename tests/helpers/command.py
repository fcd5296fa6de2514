"""The real ``oxtail`` command in a process of its own, and a Python peer beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

OXTAIL = (sys.executable, "-m", "oxtail")

_PEER = """
import sys, threading, oxtail
leaving = []
with oxtail.join(name={name!r}, session_id={session_id!r}, purpose={purpose!r}) as me:
    print("READY", flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), leaving.append(1)), daemon=True).start()
    while not leaving:
        if me.wait(0.05):
            with me.inbox() as messages:
                for message in messages:
                    if message.is_question and "silence" not in message.body:
                        me.reply(message, "answer to " + message.body)
"""


class Done(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON line that it printed."""
        lines = self.out.splitlines()
        assert len(lines) == 1, self
        return json.loads(lines[0])


def environment(**extra: str) -> dict[str, str]:
    """Return the variables of the test and *extra*; output is buffered, as it is for a user."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {**kept, **extra}


def start(*words: str, **extra: str) -> subprocess.Popen[bytes]:
    """Start ``oxtail`` with *words*, and the variables *extra* beside those of the test."""
    return subprocess.Popen(
        [*OXTAIL, *words],
        env=environment(**extra),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[bytes], stdin: bytes = b"") -> Done:
    """Wait for a command that :func:`start` started."""
    try:
        out, err = process.communicate(stdin, timeout=60)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return Done(process.returncode, out.decode(), err.decode())


def oxtail(*words: str, stdin: bytes = b"", **extra: str) -> Done:
    """Run ``oxtail`` with *words*, and the variables *extra* beside those of the test."""
    return finish(start(*words, **extra), stdin)


@contextmanager
def python_peer(
    name: str, session_id: str | None = None, purpose: str | None = None
) -> Iterator[int]:
    """Run a peer that answers each question, but for those that ask for silence; give its pid."""
    code = _PEER.format(name=name, session_id=session_id, purpose=purpose)
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    try:
        assert process.stdout.readline() == b"READY\n"
        yield process.pid
        process.stdin.close()
        assert process.wait(timeout=60) == 0
    finally:
        process.stdin.close()
        process.stdout.close()
        if process.poll() is None:
            process.kill()
            process.wait()
