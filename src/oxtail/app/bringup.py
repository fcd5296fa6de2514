"""Bring up what is to run in one window: look, type one line, and wait for proof.

Rules of this file:

* A line is typed into a shell that waits for one, and into nothing else.  What runs is left alone.
* A client is up when the server of a new session provably runs below the pane.  The screen proves
  nothing; it ends the wait early when it asks for an answer that nobody gives.
* Each wait has an end, and ends at once when the caller cancels it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from oxtail.core.bringup import (
    ASKED,
    Level,
    Look,
    dump,
    level_of,
    newcomers,
    question_of,
    running_ids,
    shows_prompt,
)
from oxtail.core.launch import RECIPES, line_of, words_of
from oxtail.core.liveness import Life
from oxtail.core.plain import plain
from oxtail.errors import PaneError
from oxtail.ports.lifecycle import CANCELED, FAILED, HEALTHY, UP, Launch, Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.core.fleet_spec import WindowSpec
    from oxtail.ports import Clock, Panes, Registry

READY_SECONDS: Final = 45.0
"""How long a client may take from its line to its session."""

POLL_SECONDS: Final = 0.3
"""How often is looked, and how soon a cancel is noticed."""

NO_START_SECONDS: Final = 3.0
"""How long a shell that shows its prompt again may take to start a program."""

SLOW_START_SECONDS: Final = 20.0
"""The same for a shell that shows none: it may still read its start-up files."""

UNJOINED_SECONDS: Final = 20.0
"""How long a client may wait for input before its server counts as missing."""

LINE_SHOWN_CHARS: Final = 200


class Front(Protocol):
    """The panes in which programs are started."""

    def look(self, pane_id: str) -> Look:
        """Return what is in a pane now.

        Raises:
            PaneError: there is no such pane, or tmux failed.
        """

    def shell(self, pane_id: str) -> tuple[str, tuple[str, ...]]:
        """Return the shell of a pane, and which variables of an agent it was started with.

        Raises:
            PaneError: no shell of the pane's own has the keys, or as :meth:`look`.
        """

    def run_line(self, pane_id: str, line: str) -> None:
        """Run *line* in the shell of a pane.

        Raises:
            PaneError: *line* cannot be typed, or as :meth:`shell`; nothing was run.
        """


class PaneBringUp:
    """Brings up windows; implements :class:`oxtail.ports.lifecycle.BringUp`.

    Args:
        registry: Who runs.
        panes: Which pane hosts which process.
        front: Looks at a pane, and types into its shell.
        clock: The time.
        pause: Waits for some seconds.
        real_path: Returns where a path leads.
    """

    def __init__(
        self,
        registry: Registry,
        panes: Panes,
        front: Front,
        clock: Clock,
        *,
        pause: Callable[[float], None],
        real_path: Callable[[str], str],
    ) -> None:
        self.registry = registry
        self.panes = panes
        self.front = front
        self.clock = clock
        self.pause = pause
        self.real_path = real_path

    def __call__(
        self,
        window: WindowSpec,
        site: Site,
        *,
        progress: Callable[[str], None],
        canceled: Callable[[], bool],
    ) -> Launch:
        """Bring up *window*; see :class:`oxtail.ports.lifecycle.BringUp`."""
        return _Attempt(self, window, site, progress, canceled).run()

    def sessions_in(self, pane_id: str) -> dict[int, str]:
        """Return the live sessions whose server provably runs below a pane, by its process."""
        found = {
            each.entry.server_pid: each.entry.session_id
            for each in self.registry.census().counted
            if each.life is Life.RUNNING and each.entry.session_id
        }
        return self.hosted(found, pane_id)

    def hosted(self, sessions: dict[int, str], pane_id: str) -> dict[int, str]:
        """Return those of *sessions* that the pane hosts."""
        if not sessions:
            return {}
        hosts = {
            pid: pane.pane_id for pid, pane in self.panes.hosts(tuple(sessions)).hosts
        }  # one tmux call, whatever their number
        return {pid: name for pid, name in sessions.items() if hosts.get(pid) == pane_id}


class _Attempt:
    """One window, once."""

    def __init__(
        self,
        tools: PaneBringUp,
        window: WindowSpec,
        site: Site,
        progress: Callable[[str], None],
        canceled: Callable[[], bool],
    ) -> None:
        self._tools = tools
        self._window = window
        self._site = site
        self._progress = progress
        self._canceled = canceled
        self._recipe = RECIPES.get(window.agent)
        self._name = self._recipe.program if self._recipe else plain(window.command[0], 40)
        self._typed_at: float | None = None
        self._since = 0.0
        self._before: frozenset[str] = frozenset()
        self._has_run = False
        self._is_elsewhere = False
        self._in_a_row: dict[str, float] = {}

    def run(self) -> Launch:
        tools, site = self._tools, self._site
        look = self._look()
        shell = look is not None and look.has_shell
        level = level_of(
            look,
            managed=site.managed,
            made=site.made,
            has_agent=shell and bool(tools.sessions_in(site.pane_id)),
        )
        if look is None or level is Level.GONE:
            return self._failed("pane-gone", "its pane is gone")
        if level is Level.HEALTHY:
            return Launch(HEALTHY, session_id=self._only(tools.sessions_in(site.pane_id)))
        if level is Level.FOREIGN:
            program = plain(look.command, 40)
            text = f"{program} runs in its pane and was not started by oxtail; end it, or leave it"
            return self._failed("wrong-type", text, look)
        return self._launch(look) if level is Level.EMPTY else self._watch()

    def _look(self) -> Look | None:
        """Return what the pane shows, or None if there is no such pane any more."""
        tools, pane_id = self._tools, self._site.pane_id
        try:
            return tools.front.look(pane_id)
        except PaneError:
            if any(pane.pane_id == pane_id for pane in tools.panes.list()):
                raise
            return None

    def _launch(self, look: Look) -> Launch:
        tools, pane_id = self._tools, self._site.pane_id
        if not look.takes_keys:
            text = "its pane takes no keys of its own: leave copy mode, turn synchronizing off"
            return self._failed("no-keys", text, look)
        shell, inherited = tools.front.shell(pane_id)
        line = line_of(words_of(self._window, self._site.session), shell, inherited)
        if line is None:
            return self._failed("bad-line", f"no shell takes its command in one line: {self._name}")
        self._progress(f"types: {plain(line, LINE_SHOWN_CHARS)}")
        self._before = running_ids(tools.registry.census().counted)
        self._since = tools.clock.now()
        tools.front.run_line(pane_id, line)
        self._typed_at = tools.clock.monotonic()
        return self._watch()

    def _watch(self) -> Launch:
        """Wait until the window is up, or cannot come up."""
        tools = self._tools
        self._progress(
            f"waits for {self._name} to join" if self._recipe else f"waits for {self._name}"
        )
        deadline = tools.clock.monotonic() + READY_SECONDS
        while not self._canceled():
            look = self._look()
            if look is None or not look.is_alive:
                return self._failed("pane-gone", f"its pane closed while {self._name} started")
            launch = self._up(look) or self._useless(look)
            if launch:
                return launch
            if look.has_shell and self._typed_at is None:
                return self._launch(look)
            if tools.clock.monotonic() >= deadline:
                return self._unproven("not-ready", f"within {READY_SECONDS:g} s", look)
            tools.pause(POLL_SECONDS)
        return Launch(CANCELED, "canceled", "canceled", session_id=None)

    def _up(self, look: Look) -> Launch | None:
        """Return the proof that the window is up, or that two sessions claim to be it."""
        if self._recipe is None:
            # What the pane itself runs may be on its way to becoming its shell.
            return Launch(UP) if self._repeats("running", not look.is_own) else None
        tools = self._tools
        found = newcomers(
            tools.registry.census().counted,
            client_type=self._recipe.client_type,
            root=self._site.root,
            before=self._before,
            since=self._since,
            real_path=tools.real_path,
        )
        sessions = set(tools.hosted(found, self._site.pane_id).values())
        self._is_elsewhere = bool(found) and not sessions
        if len(sessions) > 1:
            text = f"{len(sessions)} new sessions run in its pane, so none can be told to be it"
            return self._failed("ambiguous", text, look)
        return Launch(UP, session_id=sessions.pop()) if sessions else None

    def _useless(self, look: Look) -> Launch | None:
        """Return why waiting on is useless, or None."""
        if self._typed_at is not None and not look.is_own:
            self._has_run = True
        if self._repeats("asks", look.asks):
            reason = question_of(look.rows)
            return self._failed(reason, f"{self._name}: {ASKED[reason]}", look)
        waits = self._lasts("shell", look.has_shell and self._typed_at is not None)
        if self._has_run and waits > 0:
            return self._failed("ended", f"{self._name} has ended at once", look)
        if waits >= (NO_START_SECONDS if shows_prompt(look.rows) else SLOW_START_SECONDS):
            return self._failed("not-started", f"the shell did not start {self._name}", look)
        if self._lasts("clear", look.is_clear and self._recipe is not None) >= UNJOINED_SECONDS:
            return self._unproven("not-joined", "though it waits for input: run oxtail setup", look)
        return None

    def _unproven(self, reason: str, how: str, look: Look) -> Launch:
        if self._is_elsewhere:
            text = f"a new session of {self._name} runs, and nothing proves that it is in this pane"
            return self._failed("elsewhere", text, look)
        return self._failed(reason, f"{self._name} did not join {how}", look)

    def _lasts(self, what: str, is_so: bool) -> float:
        """Return for how many seconds *what* has been so at each look; 0 at the first such one."""
        if not is_so:
            self._in_a_row.pop(what, None)
            return 0.0
        now = self._tools.clock.monotonic()
        return now - self._in_a_row.setdefault(what, now)

    def _repeats(self, what: str, is_so: bool) -> bool:
        """Tell whether *what* was so at the look before, too: one may show half a screen."""
        return self._lasts(what, is_so) > 0

    def _only(self, sessions: dict[int, str]) -> str | None:
        names = set(sessions.values())
        return names.pop() if len(names) == 1 else None

    def _failed(self, reason: str, text: str, look: Look | None = None) -> Launch:
        return Launch(FAILED, reason, text, dump(look.rows) if look else "")
