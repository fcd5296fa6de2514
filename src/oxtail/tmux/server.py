"""The one module that runs tmux.

Rules of this file:

* tmux is given an argument list and two seconds, and only where a server can be listening.
* Fields are parted by a word drawn anew for each call, so no name or path can forge a border, and
  names may hold bars, tabs, line ends and bytes that are no UTF-8.
* Panes are addressed by their id, never by a name: tmux completes a name that it does not know.
* Every run leaves the event ``tmux_call`` with the same members.
"""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Final

from oxtail.core.pane import Pane
from oxtail.core.value import Value
from oxtail.errors import NoTmuxServer, PaneError
from oxtail.trace import Trace, silent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TIMEOUT_SECONDS: Final = 2.0
"""How long tmux may take; it answers in milliseconds unless its server hangs."""

START_TRIES: Final = 5
"""How often a server is started anew that was ending when it was asked; it ends within a moment."""

ERROR_MAX_CHARS: Final = 300
"""How much of tmux's own words an error repeats."""

PANE_ID: Final = re.compile(r"%[0-9]{1,9}")

_NO_SERVER: Final = re.compile(
    r"no server running|error connecting to .*\((?:No such file or directory|Connection refused)\)"
    r"|failed to connect to server|server exited|lost server|no sessions",
    re.IGNORECASE,
)
_FIELDS: Final = (
    "pane_id", "pane_pid", "pane_dead", "pane_active", "window_active", "session_created",
    "session_attached", "session_windows", "session_name", "session_path", "pane_current_path",
    "window_name", "window_index", "window_activity",
)  # fmt: skip


class _Answer(Value):
    status: int | None
    output: bytes
    error: str


def _line(commands: Sequence[Sequence[str | bytes]]) -> list[str | bytes]:
    """Return *commands* as the words of one command line."""
    words: list[str | bytes] = []
    for command in commands:
        words += ([";"] if words else []) + [_word(word) for word in command]
    return words


def _word(word: str | bytes) -> str | bytes:
    # A word that ends with a semicolon would end its command.
    if isinstance(word, bytes):
        return word[:-1] + b"\\;" if word.endswith(b";") else word
    return word[:-1] + "\\;" if word.endswith(";") else word


def is_pane_id(text: str | None) -> bool:
    """Tell whether *text* has the form of a pane id: ``%`` and digits."""
    return text is not None and PANE_ID.fullmatch(text) is not None


def socket_path(environ: Mapping[str, str]) -> str:
    """Return the path at which a program with this environment would find its tmux server."""
    inside = environ.get("TMUX", "").split(",", 1)[0]
    if inside:
        return inside
    base = environ.get("TMUX_TMPDIR", "")
    if not os.path.isdir(base):
        base = "/tmp"  # noqa: S108 - tmux itself looks there, and checks whose folder it is
    return os.path.join(base, f"tmux-{os.getuid()}", "default")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def pane_form(word: str) -> str:
    """Return the form in which ``list-panes`` is to answer; see :func:`parse_panes`."""
    return f"<{word}>".join(f"#{{{field}}}" for field in _FIELDS) + f"</{word}>"


def parse_panes(output: bytes, word: str) -> tuple[Pane, ...]:
    """Return the panes of a ``list-panes`` answer in the form of :func:`pane_form`.

    A dead pane has the process id 0: its old one may belong to somebody else by now.
    What is no pane is left out.
    """
    panes = []
    for record in output.decode("utf-8", "surrogateescape").split(f"</{word}>"):
        fields = record.removeprefix("\n").split(f"<{word}>")
        if len(fields) != len(_FIELDS) or not is_pane_id(fields[0]):
            continue
        pane_id, pid, dead, active, shown, created, attached, windows, name, path, cwd = fields[:11]
        window, index, output_at = fields[11:]
        panes.append(
            Pane(
                session=name,
                session_path=path,
                created_at=_number(created),
                attached=_number(attached) > 0,
                windows=_number(windows),
                pane_id=pane_id,
                pane_pid=0 if dead == "1" else _number(pid),
                path=cwd,
                active=active == shown == "1",
                window=window,
                window_index=_number(index) if index else None,
                output_at=_number(output_at) or None,
                shown=shown == "1" and _number(attached) > 0,
            )
        )
    return tuple(panes)


class Screen(Value):
    """What a pane shows: which process it runs, where its cursor is, and its rows with attributes.

    *pane_pid* is 0 where that process has ended; *cursor_y* counts rows from 0.
    """

    pane_id: str
    pane_pid: int
    cursor_y: int
    text: str


_SCREEN_FIELDS: Final = ("pane_id", "pane_pid", "pane_dead", "cursor_y")


def _screen_commands(pane_id: str, word: str) -> str:
    """Return the commands that print what :func:`parse_screens` reads, as one word."""
    form = f"<{word}>".join(f"#{{{field}}}" for field in _SCREEN_FIELDS)
    return (
        f"display-message -p -t {pane_id} '</{word}>{form}<{word}>' ; "
        f"capture-pane -p -e -t {pane_id}"
    )


def parse_screens(output: bytes, word: str) -> tuple[Screen, ...]:
    """Return the screens of a :meth:`Tmux.look`; what is none is left out."""
    screens = []
    for record in output.decode("utf-8", "replace").split(f"</{word}>"):
        fields = record.split(f"<{word}>")
        if len(fields) == len(_SCREEN_FIELDS) + 1 and is_pane_id(fields[0]):
            pane_id, pid, dead, row, text = fields
            alive = 0 if dead == "1" else _number(pid)
            screens.append(Screen(pane_id, alive, _number(row), text.removeprefix("\n")))
    return tuple(screens)


class Tmux:
    """The tmux server that a program with the environment *environ* would use.

    Args:
        environ: Where ``PATH``, ``TMUX`` and ``TMUX_TMPDIR`` are taken from.
        trace: Told about every run, as ``tmux_call``.
    """

    def __init__(self, environ: Mapping[str, str], trace: Trace = silent) -> None:
        self._environ = dict(environ)
        self._trace = trace

    @property
    def socket(self) -> str:
        """The path at which the server would listen."""
        return socket_path(self._environ)

    def program(self) -> str | None:
        """Return the path of the tmux program, or None where there is none."""
        for folder in self._environ.get("PATH", os.defpath).split(os.pathsep):
            path = os.path.join(folder, "tmux")
            if folder and os.path.isfile(path) and os.access(path, os.X_OK):
                return path
        return None

    def can_answer(self) -> bool:
        """Tell whether a server could be listening; starts no process."""
        return os.path.exists(socket_path(self._environ)) and self.program() is not None

    def _run(self, *commands: Sequence[str | bytes], seconds: float | None = None) -> _Answer:
        """Run *commands* in one process; status None means that tmux did not finish."""
        import subprocess

        command, seconds = str(commands[0][0]), seconds or TIMEOUT_SECONDS
        program = self.program()
        if program is None:
            return _Answer(None, b"", "tmux not found")
        started = time.monotonic()
        try:
            # -u: without it tmux writes "_" for whatever the locale cannot show.
            done = subprocess.run(
                [program, "-u", *_line(commands)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds,
                env=self._environ,
                check=False,
            )
        except subprocess.TimeoutExpired:
            answer = _Answer(None, b"", f"tmux did not answer within {seconds:g} s")
        except (OSError, ValueError) as error:
            answer = _Answer(None, b"", f"tmux could not be run: {error}")
        else:
            text = done.stderr.decode("utf-8", "replace").strip()[:ERROR_MAX_CHARS]
            answer = _Answer(done.returncode, done.stdout, text)
        self._trace(
            "tmux_call",
            command=command,
            status=answer.status,
            error=answer.error or None,
            duration_ms=int((time.monotonic() - started) * 1000),
        )
        return answer

    def panes(self) -> tuple[Pane, ...]:
        """Return every pane of every session; none where no tmux server runs.

        Raises:
            PaneError: tmux answered with something else.
        """
        if not self.can_answer():
            return ()
        word = os.urandom(8).hex()
        answer = self._run(("list-panes", "-a", "-F", pane_form(word)))
        if answer.status == 0:
            return parse_panes(answer.output, word)
        if answer.status is not None and _NO_SERVER.search(answer.error):
            return ()
        raise PaneError(answer.error or "tmux failed")

    def look(self, pane_ids: Sequence[str]) -> tuple[tuple[Pane, ...], tuple[Screen, ...]]:
        """Return every pane, and what the panes *pane_ids* show, all in one run of tmux.

        A pane that is not there is left out, and what is no pane id.

        Raises:
            PaneError: as :meth:`panes`.
        """
        named = [each for each in dict.fromkeys(pane_ids) if is_pane_id(each)]
        if not named or not self.can_answer():
            return self.panes(), ()
        panes, screens = (os.urandom(8).hex() for _ in range(2))
        answer = self._run(
            ("list-panes", "-a", "-F", pane_form(panes)),
            # In a block of its own, a pane that is gone does not end the run.
            *(("if-shell", "-F", "1", _screen_commands(each, screens)) for each in named),
        )
        listed, border, shown = answer.output.rpartition(f"</{panes}>".encode())
        if answer.status is not None and border:
            return parse_panes(listed + border, panes), parse_screens(shown, screens)
        if answer.status is not None and _NO_SERVER.search(answer.error):
            return (), ()
        raise PaneError(answer.error or "tmux failed")

    def capture(self, pane_id: str, lines: int) -> str:
        """Return the last *lines* rows of one pane, wrapped rows joined, blank rows below left out.

        Raises:
            PaneError: *pane_id* is none, the pane is gone, or tmux failed.
        """
        if not is_pane_id(pane_id):
            raise PaneError(f"not a pane id: {pane_id[:40]!r}")
        if not self.can_answer():
            raise PaneError("no tmux server is running")
        answer = self._run(("capture-pane", "-p", "-J", "-t", pane_id, "-S", f"-{max(lines, 1)}"))
        if answer.status != 0:
            raise PaneError(answer.error or "pane capture failed", pane=pane_id)
        text = answer.output.decode("utf-8", "replace")
        rows: Sequence[str] = [row.rstrip() for row in text.rstrip().split("\n")]
        return "\n".join(rows[-max(lines, 1) :])

    def on_pane(self, pane_id: str, *commands: tuple[str, ...]) -> bytes:
        """Run tmux *commands* that name one pane, one after the other; return what they print.

        Raises:
            PaneError: *pane_id* is none, the pane is gone, or tmux failed.
        """
        if not is_pane_id(pane_id):
            raise PaneError(f"not a pane id: {pane_id[:40]!r}")
        if not self.can_answer():
            raise PaneError("no tmux server is running")
        answer = self._run(*commands)
        if answer.status != 0:
            raise PaneError(answer.error or f"{commands[0][0]} failed", pane=pane_id)
        return answer.output

    def run(
        self,
        *commands: Sequence[str | bytes],
        starts: bool = False,
        seconds: float | None = None,
    ) -> bytes:
        """Run tmux *commands* one after the other in one process; return what they print.

        The first that fails ends the run: those before it have taken effect.  A word reaches its
        command as it stands, also one that ends with a semicolon.

        Args:
            commands: Each a command and its arguments.
            starts: Whether tmux may start a server.  One that ends with its last session, or
                because it has none yet, may take a call and never answer; then another is started.
            seconds: How long tmux may take, if not :data:`TIMEOUT_SECONDS`.

        Raises:
            NoTmuxServer: no server runs, and none may be started.
            PaneError: tmux failed, is not there, or took too long; then it may still act.
        """
        if not starts and not self.can_answer():
            raise NoTmuxServer
        for _ in range(START_TRIES if starts else 1):
            answer = self._run(*commands, seconds=seconds)
            if answer.status == 0:
                return answer.output
            if answer.status is None or not _NO_SERVER.search(answer.error):
                raise PaneError(answer.error or f"{commands[0][0]!r} failed")
        raise NoTmuxServer

    def attach(self, session_id: str) -> None:
        """Show a session on the terminal of this process until it is left.

        Raises:
            PaneError: tmux is not there, or could not be started.
        """
        import subprocess

        program = self.program()
        if program is None:
            raise PaneError("tmux not found")
        try:
            # Its status says how it was left, and nothing that would be wrong.
            words = [program, "attach-session", "-t", session_id]
            subprocess.run(words, env=self._environ, check=False)
        except OSError as error:
            raise PaneError(f"tmux could not be run: {error}") from error
