"""The application: what a look brings goes to the screen, what a person asks for goes to a thread.

The rule: nothing here waits.  A look or an action that hangs leaves the screen alive.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from textual.app import App

from oxtail.cockpit.actions import Done
from oxtail.cockpit.life_desk import LifeDesk
from oxtail.cockpit.messages import ActionDone, FleetSeen, LookFailed, MessageChosen, ReceiptsSeen
from oxtail.cockpit.screens.compose import ComposeScreen, DraftKept
from oxtail.cockpit.screens.confirm import Confirm
from oxtail.cockpit.screens.main import MainScreen
from oxtail.cockpit.shapes.view import View
from oxtail.core.plain import plain
from oxtail.errors import OxtailError

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.timer import Timer

    from oxtail.cockpit.actions import Actions
    from oxtail.cockpit.feed import Feed
    from oxtail.cockpit.life import Life
    from oxtail.core.fleet import Fleet
    from oxtail.core.fleet_agent import Agent

STATUS_SECONDS: Final = 5.0
"""How long the last line tells of an action."""

THEMES: Final = ("textual-dark", "textual-light")


class Cockpit(App[None]):
    """Shows one fleet until a person quits.

    Args:
        actions: What a person can do.
        now: Returns the wall clock in unix seconds.
        dock: Begin with the strip.
        light: Begin in light colors.
        reads_only: Let nobody act.
        life: What fleets are started, changed and ended with.
    """

    CSS_PATH = "cockpit.tcss"
    ENABLE_COMMAND_PALETTE = False
    TITLE = "oxtail"

    def __init__(
        self,
        actions: Actions,
        now: Callable[[], float],
        *,
        dock: bool = False,
        light: bool = False,
        reads_only: bool = False,
        life: Life | None = None,
    ) -> None:
        super().__init__()
        self._life = LifeDesk(self, life, self.say, self.hurry)
        self._now = now
        self.feed: Feed | None = None
        self.reads_only = reads_only
        self.main = MainScreen(View(dock=dock), reads_only=reads_only)
        self._actions = actions
        self._light = light
        self._drafts: dict[str, str] = {}
        self._hush: Timer | None = None

    def get_default_screen(self) -> MainScreen:
        """Return the fleet."""
        return self.main

    def on_mount(self) -> None:
        """Begin to look."""
        self.theme = THEMES[self._light]
        if self.feed:
            self.feed.start()

    def on_unmount(self) -> None:
        """Look no more."""
        if self.feed:
            self.feed.stop()

    # ------------------------------------------------------------------ looking

    def now(self) -> float:
        """Return the wall clock in unix seconds."""
        return self._now()

    @property
    def looking_s(self) -> float | None:
        """For how many seconds a look has been under way, or None."""
        return self.feed.looking_s if self.feed else None

    def hurry(self) -> None:
        """Look again as soon as possible."""
        if self.feed:
            self.feed.hurry()

    def on_fleet_seen(self, message: FleetSeen) -> None:
        """Show what was seen."""
        self.main.show(message.fleet)

    def on_look_failed(self, message: LookFailed) -> None:
        """Tell that what is shown is not new."""
        self.say(Done(f"the look failed: {plain(message.problem, 200)}", ok=False))

    def on_app_focus(self) -> None:
        """Look as often as somebody who is there needs."""
        if self.feed:
            self.feed.is_seen = True
            self.feed.hurry()

    def on_app_blur(self) -> None:
        """Look less often."""
        if self.feed:
            self.feed.is_seen = False

    def switch_theme(self) -> None:
        """Switch between dark and light."""
        self.theme = THEMES[self.theme == THEMES[0]]

    # ------------------------------------------------------------------ acting

    def say(self, done: Done) -> None:
        """Show what has come of an action, for a few seconds."""
        line = self.main.status
        line.say(plain(done.text, 500), "fine" if done.ok else "bad")
        if self._hush:
            self._hush.stop()
        self._hush = self.set_timer(STATUS_SECONDS, line.hush)

    def perform(self, act: Callable[[], Done]) -> None:
        """Carry out *act* in a thread, and show what has come of it; the loop does not wait."""

        def carry_out() -> None:
            self.post_message(ActionDone(_outcome(act)))

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

    def compose_to(self, agent: Agent | None) -> None:
        """Let the person write to *agent*; whatever is selected later, it is the one."""
        if agent and self._may_act(agent):
            screen = ComposeScreen(agent, self._drafts.pop(agent.key, ""))

            def send(text: str | None) -> None:
                if text is not None:
                    self.perform(lambda: self._actions.message(agent, text))

            self.push_screen(screen, send)
        elif agent is None:
            self._may_act(agent)

    def on_draft_kept(self, message: DraftKept) -> None:
        """Keep what was not sent."""
        if message.text.strip():
            self._drafts[message.key] = message.text

    def ask(self, question: str, act: Callable[[], Done], key: str = "y") -> None:
        """Carry out *act* once the person has said so with *key*."""
        self.push_screen(Confirm(question, key), lambda yes: self.perform(act) if yes else None)

    def nudge(self, agent: Agent | None) -> None:
        """Nudge *agent* once the person has confirmed it."""
        if self._may_act(agent) and agent:
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
        texts = "; ".join(trouble.text for trouble in wrong[:2])
        more = f" and {len(wrong) - 2} more" if len(wrong) > 2 else ""
        self.ask(
            f"acknowledge{of_whom}: {texts}{more}?",
            lambda: self._actions.acknowledge(fleet, agent),
        )

    def edit_fleet(self, agent: Agent | None) -> None:
        """Let the person edit the fleet of the project of *agent*, or of the own one."""
        if self._may_change():
            self._life.edit(agent)

    def reset_fleet(self, agent: Agent | None) -> None:
        """Show what restarting the fleet of *agent* would do."""
        if self._may_change():
            self._life.reset(agent)

    def kill_window(self, agent: Agent | None) -> None:
        """Show what closing the window of *agent* would do."""
        if self._may_change():
            self._life.kill(agent)

    def _may_change(self) -> bool:
        if self.reads_only:
            self.say(Done("this cockpit only reads", ok=False))
        return not self.reads_only

    def on_message_chosen(self, message: MessageChosen) -> None:
        """Look for what proves how far a message has come."""
        message_id = message.message_id

        def look() -> None:
            try:
                lines = self._actions.receipts(message_id)
            except OxtailError as error:
                lines = (error.message,)
            self.post_message(ReceiptsSeen(message_id, lines))

        threading.Thread(target=look, name="oxtail-receipts", daemon=True).start()

    def on_receipts_seen(self, message: ReceiptsSeen) -> None:
        """Show that."""
        self.main.talk.receipts(message.message_id, message.lines)


def _outcome(act: Callable[[], Any]) -> Done:
    """Return what has come of *act*, whatever that is."""
    try:
        done: Done = act()
    except OxtailError as error:
        return Done(f"{error.message} [{error.code}]", ok=False)
    except OSError as error:
        return Done(f"not done: {error.strerror or error}", ok=False)
    return done
