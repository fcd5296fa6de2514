"""Typing one line into the tmux pane of a peer: the last resort, used by the sender.

The rules of this file:

* The pane is proven by the processes of this moment; what the peer's entry says is a claim.
* Nothing is typed unless the pane guard says clear, and Enter is pressed only after the text, and
  nothing but the text, is seen in the input line.
* A wake counts as fired only if the input line is seen empty afterwards.
* One sender at a time: a lock per pane, and a record of when keys were last typed for a session,
  both shared by all processes of the user.

The line is always the same and carries no message.  ``docs/reference/wake.md`` lists the refusals.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

from oxtail.core import wake
from oxtail.core.value import Value
from oxtail.errors import LockBusy, PaneError, StoreError
from oxtail.trace import Trace, silent
from oxtail.wake.foreground import PS_FORMAT, Foreground, Process, judge, parse_processes
from oxtail.wake.keystrokes import WAKE_TEXT, Recipe, recipe_for
from oxtail.wake.pane_guard import Guard, PaneFacts, examine
from oxtail.wake.pane_keys import PaneKeys
from oxtail.wake.panes import host_among
from oxtail.wake.waker import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from oxtail.core.entry import Entry
    from oxtail.core.pane import Pane
    from oxtail.tmux.server import Tmux
    from oxtail.wake.screen import Row

ECHO_SECONDS: Final = 1.5
"""How long the text may take to appear; the clients draw it within a tenth of that."""

SUBMIT_SECONDS: Final = 1.5
"""How long the input line may take to become empty after the last Enter."""

FIRST_PAUSE_SECONDS: Final = 0.03
LONGEST_PAUSE_SECONDS: Final = 0.2
"""Pauses between looks grow from the one to the other: a look costs a tmux call."""


class Typings(Protocol):
    """When keys were last typed for a session; :class:`oxtail.wake.records.FileTypings`."""

    def is_too_soon(self, session_id: str) -> bool:
        """Tell whether keys were typed for *session_id* a moment ago."""
        ...

    def stamp(self, session_id: str) -> None:
        """Record that keys were typed for *session_id* now."""
        ...


class System(Value):
    """What the door asks of other adapters.

    Attributes:
        run_ps: Returns what ``ps`` prints for some arguments, or None; ends within some seconds.
        is_client: Tells whether a process is Claude Code or Codex.
        is_same_process: Tells whether a pid is alive and may be the process that published this
            start token and this signature.
        lock: Returns the lock of a pane, given as ``socket pane_id``, as a context manager.  It
            waits for a short while, raises :class:`~oxtail.errors.LockBusy` if somebody keeps it,
            and is freed when its holder dies.
        has_marker: Tells whether a session has ever said that it is busy or idle.
    """

    run_ps: Callable[..., str | None]
    is_client: Callable[[int], bool]
    is_same_process: Callable[[int, str | None, str | None], bool]
    lock: Callable[[str], AbstractContextManager[object]]
    has_marker: Callable[[str], bool]


class _Target(Value):
    """A pane that was proven, and the program that had its keys then."""

    pane: Pane
    command: str


class TmuxDoor:
    """Wakes a peer by typing into its pane.

    Args:
        tmux: The tmux server of this user.
        system: What is asked of other adapters.
        typings: When keys were last typed for a session.
        strategy: ``auto``, ``legacy`` or ``off``.
        trace: Told which pane differs from the registered one, and what typing came to.
        monotonic: Seconds that never run backwards.
        sleep: Waits for some seconds between two looks.
    """

    name = "tmux"

    def __init__(
        self,
        tmux: Tmux,
        system: System,
        typings: Typings,
        *,
        strategy: str = "auto",
        trace: Trace = silent,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._tmux = tmux
        self._keys = PaneKeys(tmux)
        self._system = system
        self._typings = typings
        self._strategy = strategy
        self._trace = trace
        self._monotonic = monotonic
        self._sleep = sleep

    def open(self, entry: Entry) -> bool | Refusal | None:
        """Type the wake text into the pane of *entry*.

        Returns:
            True if it was submitted at a session that reports busy and idle, False if keys were
            sent and that much is not known, a refusal if nothing was submitted.

        Raises:
            PaneError: tmux failed.
        """
        recipe = recipe_for(self._strategy, entry.client.type)
        if recipe is None:
            return Refusal(wake.STRATEGY_OFF, wake.DISABLED)
        pane = self._proven_pane(entry)
        if pane is None:
            return self._unverified(entry)
        session_id = entry.session_id
        try:
            with self._system.lock(f"{self._tmux.socket} {pane.pane_id}"):
                if session_id and self._typings.is_too_soon(session_id):
                    return Refusal(wake.DEBOUNCED, wake.SKIPPED_DEBOUNCED)
                outcome = self._wake(entry, pane, recipe)
                if session_id and not isinstance(outcome, Refusal):
                    self._stamp(session_id)
                return outcome
        except LockBusy:
            return Refusal(wake.PANE_LOCKED, wake.SKIPPED_DEBOUNCED)
        except (StoreError, OSError):
            return Refusal(wake.STORE_UNUSABLE, wake.SKIPPED_STORE_ERROR)

    def _unverified(self, entry: Entry) -> Refusal:
        return Refusal(wake.NO_VERIFIED_PANE, members=(("cached", entry.tmux_pane),))

    def _stamp(self, session_id: str) -> None:
        try:
            self._typings.stamp(session_id)
        except (StoreError, OSError) as error:  # the keys are sent; the next sender may send too
            self._trace("autowake_store_error", target_session_id=session_id, error=str(error))

    def _proven_pane(self, entry: Entry) -> Pane | None:
        """Return the pane above the server of *entry*, as tmux and the processes are now."""
        server = entry.server_pid
        if entry.tmux_pane is None or not self._system.is_same_process(
            server, entry.start_token, entry.proc_sig
        ):
            return None
        parents = {pid: process.ppid for pid, process in self._processes().items()}
        pane = host_among(self._tmux.panes(), server, parents.get)
        if pane and pane.pane_id != entry.tmux_pane:
            self._trace(
                "ask_peer_wake_pane_refreshed",
                cached=entry.tmux_pane,
                live=pane.pane_id,
                server_pid=server,
            )
        return pane

    def _processes(self) -> dict[int, Process]:
        return parse_processes(self._system.run_ps(*PS_FORMAT) or "")

    def _wake(self, entry: Entry, pane: Pane, recipe: Recipe) -> bool | Refusal:
        """Prove *pane* again, now that nobody else types into it; guard it, type, and look."""
        facts, rows = self._keys.look(pane.pane_id)
        foreground = judge(
            self._processes(),
            entry.server_pid,
            pane.pane_pid,
            facts.tty,
            client_type=entry.client.type,
            is_client=self._system.is_client,
        )
        target = _Target(pane, facts.command)
        guard = _guard(target, facts, rows)
        if isinstance(guard, Refusal) and guard.reason in (wake.PANE_CHANGED, wake.PANE_DEAD):
            return guard
        if foreground is not Foreground.CLIENT:
            return Refusal(foreground.value)
        if isinstance(guard, Refusal):
            return guard
        if guard is Guard.CLEAR:
            (self._keys.paste if recipe.paste else self._keys.type)(pane.pane_id, WAKE_TEXT)
        submitted = self._submit(target, recipe)
        if isinstance(submitted, Refusal):
            return submitted
        hooked = entry.session_id is not None and self._system.has_marker(entry.session_id)
        return submitted and hooked

    def _submit(self, target: _Target, recipe: Recipe) -> bool | Refusal:
        """Press Enter once the text stands in the input line; return whether it was seen to go.

        Once Enter is pressed nothing is an error any more: keys that were sent are reported.
        """
        echo = self._watch(target, Guard.LEFTOVER, ECHO_SECONDS)
        if echo is not Guard.LEFTOVER:
            typed = Refusal(wake.PANE_NO_ECHO) if isinstance(echo, Guard) else echo
            self._trace("tmux_door_typed", pane=target.pane.pane_id, enters=0, reason=typed.reason)
            return typed
        enters = 0
        seen: Guard | Refusal = echo
        try:
            for patience in (recipe.enter_again_seconds, SUBMIT_SECONDS):
                if seen is not Guard.LEFTOVER:
                    break
                self._keys.press_enter(target.pane.pane_id)
                enters += 1
                seen = self._watch(target, Guard.CLEAR, patience)
        except PaneError as error:
            seen = Refusal(error.message)
        reason = seen.reason if isinstance(seen, Refusal) else seen.value
        self._trace("tmux_door_typed", pane=target.pane.pane_id, enters=enters, reason=reason)
        return seen is Guard.CLEAR

    def _watch(self, target: _Target, wanted: Guard, seconds: float) -> Guard | Refusal:
        """Look until the guard says *wanted*, or for some seconds; return what it said last."""
        deadline = self._monotonic() + seconds
        pause = FIRST_PAUSE_SECONDS
        while True:
            seen = _guard(target, *self._keys.look(target.pane.pane_id))
            left = deadline - self._monotonic()
            if seen is wanted or left <= 0:
                return seen
            self._sleep(min(pause, left))
            pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)


def _guard(target: _Target, facts: PaneFacts, rows: tuple[Row, ...]) -> Guard | Refusal:
    """Return clear or leftover, or why nothing may be typed into the pane of *facts*."""
    other_program = facts.pane_pid != target.pane.pane_pid or facts.command != target.command
    if facts.pane_pid and other_program:
        return Refusal(wake.PANE_CHANGED)
    guard = examine(facts, rows, WAKE_TEXT)
    return guard if guard in (Guard.CLEAR, Guard.LEFTOVER) else Refusal(guard.value)
