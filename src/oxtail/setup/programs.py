"""Runs a client's own program, for a bounded time."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING, Final

from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECONDS: Final = 20.0
"""How long a client may take to change its settings; it takes less than one."""


class Answer(Value):
    """What a program left; status None if it did not start or did not end in time."""

    status: int | None
    text: str


def end(process: subprocess.Popen[bytes]) -> None:
    """End *process* and all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.wait()


def ask(words: Sequence[str], environ: Mapping[str, str], seconds: float = SECONDS) -> Answer:
    """Run *words* without input; never longer than *seconds*, and in a session of its own."""
    try:
        process = subprocess.Popen(
            list(words),
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return Answer(None, f"cannot be started: {error}")
    with process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            end(process)
            return Answer(None, f"did not end within {seconds:g} s")
        except BaseException:
            end(process)
            raise
    return Answer(process.returncode, output.decode("utf-8", "replace").strip())
