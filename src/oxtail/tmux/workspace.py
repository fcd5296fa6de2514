"""Making and ending windows; implements :class:`oxtail.ports.lifecycle.Workspace`.

The rules of this file:

* Panes, windows and sessions are addressed by the ids that tmux gave them, never by a name.
* What ends something is one command that tmux itself carries out only if the pane has the mark of
  the fleet, runs the process that was seen, and is where it was seen.  So nothing can come between
  the look and the act.
* Panes are closed one by one.  A window or a session ends with its last pane, so one that holds a
  foreign pane never does.
* A folder's name is handed on so that tmux expands nothing in it: a ``#(...)`` would be run.
"""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Final

from oxtail.core.fleet_panes import LAUNCH_MAX_CHARS, FleetPane
from oxtail.core.fleet_spec import is_fleet_id, is_session_name
from oxtail.errors import NoTmuxServer, PaneError
from oxtail.ports.lifecycle import Made
from oxtail.tmux.server import is_pane_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oxtail.ports.lifecycle import Ground
    from oxtail.tmux.server import Tmux

TIMEOUT_SECONDS: Final = 5.0
"""How long tmux may take to make or end something."""

MANAGED: Final = "@oxpit_managed"
DOCK: Final = "@oxpit_dock"
MADE: Final = "@oxtail_made"
ROOT: Final = "@oxtail_root"
LAUNCH: Final = "@oxtail_launch"
"""The marks; npm peers know the first two."""

SETTLE_PAUSE_SECONDS: Final = 0.02
"""Between two looks at a pane whose shell is starting; that takes milliseconds."""

_STARTING: Final = frozenset(("env", "tmux", "tmux: server", "tmux: client", ""))
"""What a pane seems to run before its shell does."""

COLUMNS: Final = 160
ROWS: Final = 48
"""Size of a session that nobody looks at yet; tmux fits it to who does."""

_FIELDS: Final = (
    "pane_id", "window_id", "session_id", "pane_pid", "pane_dead", "window_index", MANAGED, MADE,
    ROOT, DOCK, "session_name", "session_path", "window_name", "pane_current_command", LAUNCH,
)  # fmt: skip
_MARK_MAX_CHARS: Final = 64
_WINDOW_ID: Final = re.compile("@[0-9]{1,9}")
_SESSION_ID: Final = re.compile(r"\$[0-9]{1,9}")
_LOGIN: Final = frozenset(("ash", "bash", "dash", "fish", "ksh", "mksh", "sh", "zsh"))
"""Shells that know ``-l``."""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def fields_form(word: str) -> str:
    """Return the form in which ``list-panes`` is to answer; see :func:`parse_fields`."""
    return f"<{word}>".join(f"#{{{field}}}" for field in _FIELDS) + f"</{word}>"


def parse_fields(output: bytes, word: str) -> tuple[FleetPane, ...]:
    """Return the panes of a ``list-panes`` answer in the form of :func:`fields_form`.

    A record with another number of fields, or with ids of another form, is left out.
    """
    found = []
    for record in output.decode("utf-8", "surrogateescape").split(f"</{word}>"):
        fields = record.removeprefix("\n").split(f"<{word}>")
        if len(fields) != len(_FIELDS):
            continue
        pane_id, window_id, session_id, pid, dead, index, managed, made, root, dock = fields[:10]
        session, path, window, command, launch = fields[10:]
        if not (
            is_pane_id(pane_id) and _WINDOW_ID.fullmatch(window_id)
            and _SESSION_ID.fullmatch(session_id)
        ):  # fmt: skip
            continue
        found.append(
            FleetPane(
                pane_id=pane_id,
                window_id=window_id,
                session_id=session_id,
                session=session,
                window=window,
                command=command,
                window_index=_number(index),
                pane_pid=0 if dead == "1" else _number(pid),
                session_path=path,
                managed=managed[:_MARK_MAX_CHARS],
                made=made[:_MARK_MAX_CHARS],
                root=root[:_MARK_MAX_CHARS],
                dock=dock == "1",
                launch=launch if len(launch) <= LAUNCH_MAX_CHARS else "",
            )
        )
    return tuple(found)


def quoted(word: str) -> str:
    """Return *word* as one word of a command that tmux parses."""
    return "'" + word.replace("'", "'\\''") + "'"


def _literal(path: str) -> str:
    """Return *path* so that tmux, which expands what it is given, makes *path* of it."""
    return path.replace("#", "##")


def _every(conditions: Sequence[str]) -> str:
    first, *rest = conditions
    return f"#{{&&:{first},{_every(rest)}}}" if rest else first


def _is(field: str, value: str) -> str:
    return f"#{{==:#{{{field}}},{value}}}"


def _guard(pane: FleetPane, fleet_id: str) -> str:
    """Return the condition that *pane* is as it was seen, and the fleet's own.

    A target that is gone makes tmux look at another pane, so the id is part of the condition.
    """
    if not is_fleet_id(fleet_id) or not pane.belongs(fleet_id):
        raise PaneError("the pane is not the fleet's", pane=pane.pane_id)
    mark = f"#{{||:{_is(MANAGED, fleet_id)},#{{&&:{_is(MANAGED, '')},{_is(MADE, fleet_id)}}}}}"
    where = (_is("pane_id", pane.pane_id), _is("window_id", pane.window_id))
    same = (_is("session_id", pane.session_id), f"#{{!=:#{{{DOCK}}},1}}")
    # A pane whose process has ended has none to compare; its id is never given to another one.
    pid = (_is("pane_pid", str(pane.pane_pid)),) if pane.pane_pid else (_is("pane_dead", "1"),)
    return _every([*where, *same, *pid, mark])


def _dock_guard(dock: FleetPane) -> str:
    if not dock.dock:
        raise PaneError("the pane is no strip", pane=dock.pane_id)
    return _every([_is("pane_id", dock.pane_id), _is("window_id", dock.window_id), _is(DOCK, "1")])


class TmuxWorkspace:
    """See :class:`oxtail.ports.lifecycle.Workspace`.

    Args:
        tmux: The tmux server of this user.
        shell: The user's shell, for a server that does not say one.
        unset: Variables that tell whose child a process is; no window gets them.
        pause: Waits for some seconds between two looks.
    """

    def __init__(
        self,
        tmux: Tmux,
        shell: str,
        unset: Sequence[str],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._tmux = tmux
        self._pause = pause
        self._shell = shell
        self._unset = tuple(unset)

    def panes(self) -> tuple[FleetPane, ...]:
        """Return all panes; see :meth:`oxtail.ports.lifecycle.Workspace.panes`."""
        word = os.urandom(8).hex()
        try:
            output = self._tmux.run(
                ("list-panes", "-a", "-F", fields_form(word)), seconds=TIMEOUT_SECONDS
            )
        except NoTmuxServer:
            return ()
        return parse_fields(output, word)

    def create(self, session: str, window: str, place: Ground) -> Made:
        """Make a session; see :meth:`oxtail.ports.lifecycle.Workspace.create`."""
        if not is_session_name(session):
            raise PaneError(f"tmux would call it something else: {session[:40]!r}")
        size = ("-x", str(COLUMNS), "-y", str(ROWS))
        return self._make(
            ("new-session", "-d", "-s", session, *size), f"={session}", window, place, starts=True
        )

    def add(self, session_id: str, window: str, place: Ground) -> Made:
        """Make a window; see :meth:`oxtail.ports.lifecycle.Workspace.add`."""
        if not _SESSION_ID.fullmatch(session_id):
            raise PaneError(f"not a session id: {session_id[:40]!r}")
        return self._make(("new-window", "-d", "-t", f"{session_id}:"), session_id, window, place)

    def _make(
        self,
        command: tuple[str, ...],
        session: str,
        window: str,
        place: Ground,
        *,
        starts: bool = False,
    ) -> Made:
        """Make a window, marked from its first instant on.

        Its id is not known before it is there, and a process may be killed at any time.  So it is
        made under a name that is drawn anew, marked by that and given its own name, in one go.
        """
        name = f"oxtail-{os.urandom(8).hex()}"
        target = f"{session}:={name}"
        ids = ("-P", "-F", "#{pane_id} #{window_id} #{session_id}")
        where = ("-n", name, "-c", _literal(place.root))
        output = self._tmux.run(
            (*command, *ids, *where, "--", *self._program(starts=starts)),
            ("set-option", "-p", "-t", target, MADE, place.fleet_id),
            ("set-option", "-p", "-t", target, ROOT, place.key),
            ("rename-window", "-t", target, window),
            starts=starts,
            seconds=TIMEOUT_SECONDS,
        )
        words = output.decode("ascii", "replace").split()
        if len(words) != 3 or not is_pane_id(words[0]):
            raise PaneError("tmux does not say which window it has made")
        self._settle(words[0])
        return Made(*words)

    def _settle(self, pane_id: str) -> None:
        """Wait until the shell of a pane has taken the place of what starts it.

        Until then the pane seems to run a program, which is neither a shell nor what is launched.
        """
        deadline = time.monotonic() + TIMEOUT_SECONDS
        form = ("display-message", "-p", "-t", pane_id, "#{pane_current_command}")
        while time.monotonic() < deadline:
            try:
                name = self._tmux.run(form, seconds=TIMEOUT_SECONDS).decode("utf-8", "replace")
            except PaneError:
                return  # whoever uses the pane next finds out
            if name.strip() not in _STARTING:
                return
            self._pause(SETTLE_PAUSE_SECONDS)

    def _set(self, *options: tuple[str, str, str]) -> None:
        self._tmux.run(
            *(("set-option", "-p", "-t", pane, name, value) for pane, name, value in options),
            seconds=TIMEOUT_SECONDS,
        )

    def _program(self, *, starts: bool = False) -> tuple[str, ...]:
        """Return the words that start a shell without what tells whose child this process is."""
        begin = (("start-server",),) if starts else ()
        shell, other = self._shell, ""
        word = os.urandom(8).hex()
        try:
            output = self._tmux.run(
                *begin,
                ("show-options", "-gqv", "default-command"),
                ("display-message", "-p", word),
                ("show-options", "-gqv", "default-shell"),
                starts=starts,
                seconds=TIMEOUT_SECONDS,
            )
            other, _, named = output.decode("utf-8", "replace").partition(word)
            shell = named.strip() if os.path.isabs(named.strip()) else shell
        except PaneError:
            pass  # a server without a session may not answer; the user's own shell will do
        unset = (word for name in self._unset for word in ("-u", name))
        if other.strip():
            return ("/usr/bin/env", *unset, shell, "-c", other.strip())
        login = ("-l",) if os.path.basename(shell) in _LOGIN else ()
        return ("/usr/bin/env", *unset, shell, *login)

    def launched(self, pane_id: str, fleet_id: str, record: str) -> None:
        """Mark a pane as launched; see :meth:`oxtail.ports.lifecycle.Workspace.launched`."""
        if not is_pane_id(pane_id):
            raise PaneError(f"not a pane id: {pane_id[:40]!r}")
        self._set((pane_id, LAUNCH, record), (pane_id, MANAGED, fleet_id))

    def restart(self, pane: FleetPane, place: Ground) -> bool:
        """Start a pane anew; see :meth:`oxtail.ports.lifecycle.Workspace.restart`."""
        words = ("-c", _literal(place.root), "--", *self._program())
        at = f"-t {pane.pane_id}"
        # What ran is over, so the pane is marked as made, until something is launched in it again.
        command = (
            f"set-option -p {at} {MADE} {place.fleet_id} ; set-option -p {at} {ROOT} {place.key} ; "
            f"respawn-pane -k {at} {' '.join(map(quoted, words))} ; set-option -pu {at} {MANAGED}"
        )
        try:
            if not self._if(pane, _guard(pane, place.fleet_id), command):
                return False
        except NoTmuxServer:
            return False
        self._settle(pane.pane_id)
        return True

    def remove(self, pane: FleetPane, place: Ground, docks: Sequence[FleetPane] = ()) -> bool:
        """Close a pane; see :meth:`oxtail.ports.lifecycle.Workspace.remove`."""
        try:
            if not self._if(pane, _guard(pane, place.fleet_id), f"kill-pane -t {pane.pane_id}"):
                return False
            for dock in docks:
                self._if(dock, _dock_guard(dock), f"kill-pane -t {dock.pane_id}")
        except NoTmuxServer:
            pass  # it has ended with its last pane
        return True

    def _if(self, pane: FleetPane, condition: str, command: str) -> bool:
        """Run *command* if *condition* holds for *pane*, both in one step of tmux; tell which."""
        word = os.urandom(8).hex()
        act = f"{command} ; display-message -p {word}"
        output = self._tmux.run(
            ("if-shell", "-F", "-t", pane.pane_id, condition, act, "display-message -p no"),
            seconds=TIMEOUT_SECONDS,
        )
        return word.encode() in output
