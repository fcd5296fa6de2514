"""What a person asks for: confirmed where it matters, carried out in a thread, told in one line.

The rule: nothing here waits.  An action that hangs leaves the screen alive, and one that fails says
why and what can be done instead.
"""

from __future__ import annotations

import threading
import traceback
from typing import TYPE_CHECKING, Any, Final

from oxtail.cockpit.actions import Done, Excerpt, Letter
from oxtail.cockpit.crash import QuietApp
from oxtail.cockpit.messages import (
    ActionDone,
    FileFound,
    FileWanted,
    MessageChosen,
    ReceiptsSeen,
    TranscriptSeen,
    TranscriptWanted,
)
from oxtail.cockpit.screens.compose import ComposeScreen, DraftKept
from oxtail.cockpit.screens.confirm import Confirm
from oxtail.cockpit.screens.transcript import TranscriptScreen
from oxtail.core.plain import plain
from oxtail.errors import OxtailError

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.timer import Timer

    from oxtail.cockpit.actions import Actions
    from oxtail.cockpit.screens.main import MainScreen
    from oxtail.core.fleet import Fleet
    from oxtail.core.fleet_agent import Agent

STATUS_SECONDS: Final = 5.0
PROBLEM_SECONDS: Final = 15.0
"""How long the last line tells of an action; what failed may name a command to copy."""


class ActingApp(QuietApp[None]):
    """An application in which a person can act.

    Args:
        actions: What a person can do.
        main: The screen that tells what has come of it.
        reads_only: Let nobody act.
        trace: Told of faults.
    """

    def __init__(
        self,
        actions: Actions,
        main: MainScreen,
        *,
        reads_only: bool,
        trace: Callable[..., None],
    ) -> None:
        super().__init__(trace)
        self.main = main
        self.reads_only = reads_only
        self._actions = actions
        self._drafts: dict[str, str] = {}
        self._hush: Timer | None = None

    def hurry(self) -> None:
        """Look again as soon as possible."""
        raise NotImplementedError

    def say(self, done: Done) -> None:
        """Show what has come of an action, for a few seconds."""
        line = self.main.status
        line.say(plain(done.text, 500), "fine" if done.ok else "bad")
        if self._hush:
            self._hush.stop()
        seconds = STATUS_SECONDS if done.ok else PROBLEM_SECONDS
        self._hush = self.set_timer(seconds, line.hush)

    def perform(self, act: Callable[[], Done]) -> None:
        """Carry out *act* in a thread, and show what has come of it; the loop does not wait."""

        def carry_out() -> None:
            self.post_message(ActionDone(_outcome(act, self._trace)))

        threading.Thread(target=carry_out, name="oxtail-action", daemon=True).start()

    def on_action_done(self, message: ActionDone) -> None:
        """Show what has come of an action, and what it changed."""
        self.say(message.done)
        self.hurry()

    def _may_act(self, agent: Agent | None) -> bool:
        if self.reads_only:
            self.say(Done("this cockpit only reads", ok=False))
        elif agent is None:
            self.say(Done("no agent is selected", ok=False))
        else:
            return True
        return False

    def _may_tell(self, agent: Agent | None) -> bool:
        """Tell whether *agent* can be told something; better now than once it is written."""
        if not self._may_act(agent):
            return False
        if agent and agent.is_dead:
            self.say(Done(f"{agent.label} does not run, so it cannot be told anything", ok=False))
            return False
        return True

    def compose_to(self, agent: Agent | None) -> None:
        """Let the person write to *agent*; whatever is selected later, it is the one."""
        if self._may_tell(agent) and agent:
            screen = ComposeScreen(agent, self._drafts.pop(agent.key, ""))

            def send(letter: Letter | None) -> None:
                if letter is not None:
                    self.perform(lambda: self._send(agent, letter))

            self.push_screen(screen, send)

    def _send(self, agent: Agent, letter: Letter) -> Done:
        """Send *letter*; one that could not be sent is a draft again."""
        is_sent = False
        try:
            done = self._actions.message(agent, letter.text, letter.attachments)
            is_sent = done.ok
            return done
        finally:
            if not is_sent:
                self._drafts.setdefault(agent.key, letter.text)

    def on_file_wanted(self, message: FileWanted) -> None:
        """Look whether there is such a file; a file system may hang, and the screen may not."""

        def look() -> None:
            found: list[str | None] = []

            def ask() -> Done:
                found.append(self._actions.attachable(message.text))
                return Done("")

            _outcome(ask, self._trace)
            self.post_message(FileFound(message.text, found[0] if found else None))

        threading.Thread(target=look, name="oxtail-files", daemon=True).start()

    def on_file_found(self, message: FileFound) -> None:
        """Hand it to the composer, if that is still there."""
        if isinstance(self.screen, ComposeScreen):
            self.screen.found(message.text, message.path)

    def on_draft_kept(self, message: DraftKept) -> None:
        """Keep what was not sent."""
        if message.text.strip():
            self._drafts[message.key] = message.text

    def ask(self, question: str, act: Callable[[], Done], key: str = "y") -> None:
        """Carry out *act* once the person has said so with *key*."""
        self.push_screen(Confirm(question, key), lambda yes: self.perform(act) if yes else None)

    def nudge(self, agent: Agent | None) -> None:
        """Nudge *agent* once the person has confirmed it."""
        if self._may_tell(agent) and agent:
            self.ask(f"nudge {agent.label}?", lambda: self._actions.nudge(agent))

    def jump(self, agent: Agent | None, *, within_window: bool) -> None:
        """Go to the pane of *agent*."""
        if self._may_act(agent) and agent:
            self.perform(lambda: self._actions.jump(agent, within_window=within_window))

    def acknowledge(self, fleet: Fleet, agent: Agent | None) -> None:
        """Acknowledge what is wrong in *fleet* once the person has confirmed it."""
        if self.reads_only:
            self.say(Done("this cockpit only reads", ok=False))
            return
        wrong = [
            trouble
            for trouble in fleet.troubles
            if trouble.is_open and (agent is None or agent.key in trouble.agents)
        ]
        if not wrong:
            self.say(Done("there is nothing to acknowledge", ok=True))
            return
        of_whom = f" of {agent.label}" if agent else ""
        count = f"{len(wrong)} troubles{of_whom}" if len(wrong) > 1 else f"1 trouble{of_whom}"
        self.ask(
            f"acknowledge {count}? {'; '.join(trouble.text for trouble in wrong)}",
            lambda: self._actions.acknowledge(fleet, agent),
        )

    def on_message_chosen(self, message: MessageChosen) -> None:
        """Look for what proves how far a message has come."""
        message_id = message.message_id

        def look() -> None:
            lines: list[str] = []

            def ask() -> Done:
                lines.extend(self._actions.receipts(message_id))
                return Done("")

            said = _outcome(ask, self._trace)
            self.post_message(ReceiptsSeen(message_id, tuple(lines) if said.ok else (said.text,)))

        threading.Thread(target=look, name="oxtail-receipts", daemon=True).start()

    def on_receipts_seen(self, message: ReceiptsSeen) -> None:
        """Show that."""
        self.main.talk.receipts(message.message_id, message.lines)

    def read_transcript(self, agent: Agent | None) -> None:
        """Show the end of the transcript of *agent*."""
        if agent is None:
            self.say(Done("no agent is selected", ok=False))
        else:
            self.push_screen(TranscriptScreen(agent))

    def on_transcript_wanted(self, message: TranscriptWanted) -> None:
        """Read it in a thread; a file system may hang, and the screen may not."""
        agent = message.agent

        def read() -> None:
            found: list[Excerpt] = []

            def ask() -> Done:
                found.append(self._actions.transcript(agent))
                return Done("")

            said = _outcome(ask, self._trace)
            excerpt = found[0] if found else Excerpt(problem=said.text)
            self.post_message(TranscriptSeen(agent.key, excerpt))

        threading.Thread(target=read, name="oxtail-transcript", daemon=True).start()

    def on_transcript_seen(self, message: TranscriptSeen) -> None:
        """Show it, if somebody still looks at that agent."""
        if isinstance(self.screen, TranscriptScreen):
            self.screen.seen(message.key, message.excerpt)


def _way_out(error: OxtailError) -> str:
    """Return what a person can do instead, where *error* knows that."""
    said = ""
    clients = error.fields.get("clients")
    if isinstance(clients, (list, tuple)) and clients:
        said += f"; terminals: {', '.join(map(str, clients))}"
    command = error.fields.get("command")
    if command and str(command) not in error.message:
        said += f"; by hand: {command}"
    return said


def _outcome(act: Callable[[], Any], trace: Callable[..., None]) -> Done:
    """Return what has come of *act*, whatever that is."""
    try:
        done: Done = act()
    except OxtailError as error:
        return Done(f"{error.message} [{error.code}]{_way_out(error)}", ok=False)
    except OSError as error:
        return Done(f"not done: {error.strerror or error}", ok=False)
    except Exception as error:  # noqa: BLE001 - a thread of its own has no other translator
        trace("cockpit_action_failed", stack=traceback.format_exc())
        return Done(f"unexpected error: {type(error).__name__}: {error}", ok=False)
    return done
