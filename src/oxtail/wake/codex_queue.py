"""The door of a server that runs inside Codex: ``codex queue``.

It puts a text into the queue of a thread.  An idle thread starts a turn for it, a busy one takes it
as its next turn, and one that nobody has open keeps it until it is resumed.  So a text that was
accepted is queued, not read.

Codex gives its servers few variables and not its own program.  The program that runs above the
server is asked first, because another version on ``PATH`` may not know its queue.

The text is an argument of a process, which every user of the machine can see while it runs: it
should be a nudge with message ids, never a message.
"""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Final

from oxtail.core.offer import Offer
from oxtail.core.wake import ACCEPTED, FAILED, UNAVAILABLE
from oxtail.trace import Trace, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

QUEUE_SECONDS: Final = 10.0
"""How long ``codex queue`` may take; it takes a tenth of a second unless its database is busy."""

TEXT_MAX_BYTES: Final = 100_000
"""Longest text; the kernel takes no single argument above 128 KiB."""

ERROR_MAX_CHARS: Final = 300
"""How much of the command's own words an offer repeats."""

_THREAD_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PROGRAM: Final = re.compile(r"codex(?:-(?:x86_64|aarch64|arm64)[A-Za-z0-9_.-]*)?")
_PASSED_ON: Final = ("HOME", "PATH", "LANG", "TMPDIR", "CODEX_HOME", "CODEX_SQLITE_HOME")
_FOLDERS: Final = ("CODEX_HOME", "CODEX_SQLITE_HOME")
_ENVIRON_MAX_BYTES: Final = 1_000_000


def _parent() -> Sequence[int]:
    return (os.getppid(),)


class CodexQueue:
    """The message queue of the Codex thread that this server belongs to.

    Args:
        codex_program: Absolute path of ``codex``, or None to look for it: the program of the
            nearest Codex above this process, else ``codex`` on ``PATH``.  It is looked for once.
        environ: The environment of the server.
        thread_id: Returns the thread, or None while it is unknown.
        ancestors: Returns the processes above this one, nearest first.
        trace: Told about every offer, as ``own_door_offered``.
    """

    name = "codex-queue"

    def __init__(
        self,
        codex_program: str | None,
        environ: Mapping[str, str],
        thread_id: Callable[[], str | None],
        *,
        ancestors: Callable[[], Sequence[int]] = _parent,
        trace: Trace = silent,
    ) -> None:
        self._environ = environ
        self._thread_id = thread_id
        self._ancestors = ancestors
        self._trace = trace
        self._program = codex_program
        self._settings: dict[str, str] = {}
        self._resolved = False

    def is_available(self) -> bool:
        """Tell whether the thread is known and a ``codex`` program is there."""
        return self.problem() is None

    def offer(self, text: str) -> Offer:
        """Queue *text* for the thread; never raises.

        Returns:
            ``accepted`` if Codex has queued it, ``unavailable`` if there is no thread or no
            program, else ``failed``; after a timeout it may be queued all the same.
        """
        started = time.monotonic()
        problem = self.problem()
        offer = Offer(UNAVAILABLE, problem) if problem else self._queue(text)
        self._trace(
            "own_door_offered",
            door=self.name,
            outcome=offer.outcome,
            detail=offer.detail or None,
            duration_ms=int((time.monotonic() - started) * 1000),
        )
        return offer

    def problem(self) -> str | None:
        """Return why the door is not available, for ``oxtail doctor``; None if it is."""
        thread = self._thread_id()
        if thread is None:
            return "the thread is not known yet"
        if not _THREAD_ID.fullmatch(thread):
            return "the session id is not that of a Codex thread"
        self._resolve()
        if self._program is None:
            return "no codex program was found"
        return None

    def _resolve(self) -> None:
        if self._resolved:
            return
        self._resolved = True
        for pid in self._ancestors():
            program = _executable_of(pid)
            if program and _PROGRAM.fullmatch(os.path.basename(program)):
                self._settings = _folders_of(pid)
                self._program = self._program or program
                break
        self._program = self._program or _on_path(self._environ.get("PATH", os.defpath))

    def _queue(self, text: str) -> Offer:
        import subprocess

        program, thread = self._program, self._thread_id()
        if not program or not thread or not _THREAD_ID.fullmatch(thread):
            return Offer(UNAVAILABLE, "the thread is not known any more")
        # One argument per option, so that no text can be taken for an option.
        message = text.replace("\0", "�").encode("utf-8", "replace")
        if len(message) > TEXT_MAX_BYTES:
            return Offer(FAILED, "the text is too long")
        environ = {
            **self._settings,
            **{name: self._environ[name] for name in _PASSED_ON if name in self._environ},
        }
        try:
            process = subprocess.Popen(
                [program, "queue", f"--thread={thread}", b"--message=" + message],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=environ,
                cwd="/",
                start_new_session=True,  # so that what it starts ends with it
            )
        except (OSError, ValueError) as error:
            return Offer(FAILED, f"codex could not be run: {error}")
        with process:
            try:
                _, errors = process.communicate(timeout=QUEUE_SECONDS)
            except subprocess.TimeoutExpired:
                _end_group(process.pid)
                process.wait()
                return Offer(FAILED, f"codex queue did not end within {QUEUE_SECONDS:g} s")
        if process.returncode != 0:
            words = " ".join(errors.decode("utf-8", "replace").split())[:ERROR_MAX_CHARS]
            return Offer(FAILED, f"codex queue failed ({process.returncode}): {words}")
        return Offer(ACCEPTED)


def _end_group(pid: int) -> None:
    """End the process *pid*, which leads a group of its own, and all that it started."""
    import signal

    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _executable_of(pid: int) -> str | None:
    """Return the program that *pid* runs, or None where that is unknown or no longer there."""
    try:
        path = os.readlink(f"/proc/{int(pid)}/exe")
    except OSError:
        return None
    return path if os.access(path, os.X_OK) else None


def _folders_of(pid: int) -> dict[str, str]:
    """Return the folders that the Codex process *pid* was told to use.

    It does not tell its servers, and without them ``codex queue`` would use another database.
    """
    try:
        with open(f"/proc/{int(pid)}/environ", "rb") as file:
            content = file.read(_ENVIRON_MAX_BYTES)
    except OSError:
        return {}
    found = {}
    for item in content.split(b"\0"):
        name, _, value = os.fsdecode(item).partition("=")
        if name in _FOLDERS and value:
            found[name] = value
    return found


def _on_path(path: str) -> str | None:
    for folder in path.split(os.pathsep):
        program = os.path.join(folder, "codex")
        if os.path.isabs(folder) and os.path.isfile(program) and os.access(program, os.X_OK):
            return program
    return None
