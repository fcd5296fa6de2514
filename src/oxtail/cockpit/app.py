"""The application: what a look brings goes to the screen.

The rule: nothing here waits.  A look that hangs leaves the screen alive, with its age.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from oxtail.cockpit.actions import Done
from oxtail.cockpit.acts import ActingApp
from oxtail.cockpit.life_desk import LifeDesk
from oxtail.cockpit.screens.main import MainScreen
from oxtail.cockpit.shapes.view import View
from oxtail.cockpit.strip_home import StripHome
from oxtail.core.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oxtail.cockpit.actions import Actions
    from oxtail.cockpit.feed import Feed
    from oxtail.cockpit.life import Life
    from oxtail.cockpit.messages import FleetSeen, HomeFound, LookFailed
    from oxtail.cockpit.shapes.view import Home
    from oxtail.cockpit.strip_home import StripDoor
    from oxtail.core.fleet_agent import Agent

WANTED_SECONDS: Final = 1.0
"""How often it is asked whether anybody is still at the other end."""

THEMES: Final = ("textual-dark", "textual-light")


class Cockpit(ActingApp):
    """Shows one fleet until a person quits.

    Args:
        actions: What a person can do.
        now: Returns the wall clock in unix seconds.
        dock: Begin with the strip.
        light: Begin in light colors.
        signals: Signals that end the cockpit as a person does, so that the terminal is restored.
        strip: What this strip asks of tmux, if it is one.
        trace: Told of actions that failed in an unforeseen way.
        is_wanted: Asked once a second; the cockpit ends when it says no.
        reads_only: Let nobody act.
        life: What fleets are started, changed and ended with.
    """

    _home: Home | None = None
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
        is_wanted: Callable[[], bool] | None = None,
        signals: Sequence[int] = (),
        strip: StripDoor | None = None,
        trace: Callable[..., None] = lambda _event, **_fields: None,
    ) -> None:
        main = MainScreen(View(dock=dock), reads_only=reads_only)
        super().__init__(actions, main, reads_only=reads_only, trace=trace)
        self._life = LifeDesk(self, life, self.say, self.hurry)
        self._now = now
        self.feed: Feed | None = None
        self._light = light
        self.is_wanted = is_wanted
        self._signals = tuple(signals)
        self._strip = StripHome(strip, self.post_message) if strip else None

    def get_default_screen(self) -> MainScreen:
        """Return the fleet."""
        return self.main

    def on_mount(self) -> None:
        """Begin to look."""
        self.theme_changed_signal.subscribe(self, self._tell_background)
        self.theme = THEMES[self._light]
        self._tell_background()
        for number in self._signals:
            asyncio.get_running_loop().add_signal_handler(number, self.exit)
        if self.is_wanted:
            self.set_interval(WANTED_SECONDS, self._check_wanted)
        if self._strip:
            self._strip.look()
        if self.feed:
            self.feed.start()

    def _check_wanted(self) -> None:
        if self.is_wanted and not self.is_wanted():
            self.exit()

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

    def _take_look(self) -> None:
        if self.feed:
            self.feed.taken()

    def on_fleet_seen(self, message: FleetSeen) -> None:
        """Show what was seen."""
        self._take_look()
        is_first = self.main.fleet is None
        if self._strip:
            self.main.view = self._strip.chosen(self.main.view, message.fleet)
        self.main.show(message.fleet)
        if is_first:
            self._settle_strip()

    def on_home_found(self, message: HomeFound) -> None:
        """Choose the agent of the own window, and take no more rows than there are agents."""
        self._home = message.home
        self._settle_strip()

    def _settle_strip(self) -> None:
        fleet, main = self.main.fleet, self.main
        if self._strip and self._home and fleet and main.view.dock:
            self._strip.found(self._home, fleet, main.view, self.size.height)
            main.view = self._strip.chosen(main.view, fleet)
            main.show(fleet)

    def on_look_failed(self, message: LookFailed) -> None:
        """Tell that what is shown is not new."""
        self._take_look()
        self.say(Done(f"the look failed: {plain(message.problem, 200)}", ok=False))

    def on_app_focus(self) -> None:
        """Look as often as somebody who is there needs."""
        if self.feed:
            self.feed.has_focus = True
            self.feed.hurry()

    def on_app_blur(self) -> None:
        """Look less often."""
        if self.feed:
            self.feed.has_focus = False
        if self._strip:
            self._strip.is_armed = True

    def switch_theme(self) -> None:
        """Switch between dark and light."""
        self.theme = THEMES[self.theme == THEMES[0]]

    def _tell_background(self, *_: object) -> None:
        """Tell a page its color where no cell is; a real terminal keeps its own."""
        if self.is_web and self._driver:
            self._driver.write(f"\x1b]11;{self.theme_variables['background']}\x1b\\")

    # ------------------------------------------------------------------ changing fleets

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
