"""The fleet: what is composed, what is shown, and what each key does.

The rule: a screen holds one fleet and one view; everything on it is drawn from these two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual.containers import Container
from textual.screen import Screen

from oxtail.cockpit.keys import FLEET, TALK_HINTS, bindings
from oxtail.cockpit.screens.help import HelpScreen
from oxtail.cockpit.screens.search import SearchScreen
from oxtail.cockpit.shapes.head import attention
from oxtail.cockpit.shapes.view import View, listed, moved, next_in_trouble, settled
from oxtail.cockpit.widgets.agent_card import AgentCard
from oxtail.cockpit.widgets.attention import AttentionLine
from oxtail.cockpit.widgets.dock_strip import DockStrip
from oxtail.cockpit.widgets.fleet_table import FleetTable
from oxtail.cockpit.widgets.head_line import HeadLine
from oxtail.cockpit.widgets.status_line import StatusLine
from oxtail.cockpit.widgets.talk_panel import TalkPanel
from oxtail.cockpit.widgets.waits import Waits

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from oxtail.cockpit.controls import Controls
    from oxtail.cockpit.messages import AgentPicked, CursorMoved
    from oxtail.core.fleet import Fleet
    from oxtail.core.fleet_agent import Agent


CLOCK_SECONDS: Final = 1.0
"""How often the age of what is shown is told anew."""

AROUND_TABLE_ROWS: Final = 6
"""First and last line, titles, and the lines of those that are folded, with one to breathe."""


class MainScreen(Screen[None]):
    """Shows the fleet."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(FLEET)
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]  # noqa: RUF012

    def __init__(self, view: View, *, reads_only: bool) -> None:
        super().__init__()
        self.fleet: Fleet | None = None
        self.view = view
        self._reads_only = reads_only
        self._shows_card = False
        self._came_from_strip = False
        self._shows_talk = False
        self._is_ready = False
        self._head = HeadLine(id="head")
        self._attention = AttentionLine(id="attention")
        self._table = FleetTable(id="table")
        self._card = AgentCard(id="card")
        self._dock = DockStrip(id="dock")
        self._waits = Waits(id="waits")
        self.talk = TalkPanel(id="talk")
        self.status = StatusLine(id="status")

    def compose(self) -> ComposeResult:
        """Make the parts."""
        yield self._head
        yield self._attention
        with Container(id="body"):
            yield self._table
            yield self._card
        yield self._dock
        yield self._waits
        yield self.talk
        yield self.status

    def on_mount(self) -> None:
        """Show what there is so far."""
        self._is_ready = True
        self._arrange()
        self._focus()
        self._redraw()
        self.set_interval(CLOCK_SECONDS, self.tick)

    @property
    def cockpit(self) -> Controls:
        """The application."""
        return cast("Controls", self.app)

    # ------------------------------------------------------------------ what is shown

    @property
    def selected(self) -> Agent | None:
        """The agent with the cursor."""
        key = self.view.selected
        return self.fleet.agent(key) if self.fleet and key else None

    def show(self, fleet: Fleet) -> None:
        """Show *fleet*; the cursor stays with its agent."""
        self.fleet = fleet
        self.view = settled(self.view, fleet)
        if self._is_ready:
            self._redraw()

    def _redraw(self) -> None:
        fleet, view = self.fleet, self.view
        self.tick()
        if not view.dock:
            self._attention.show(fleet)
            self._table.show(fleet, view)
            self._waits.show(fleet, self._spare())
            if self._shows_card:
                self._card.show(fleet, view.selected)
        if self._shows_talk:
            self.talk.show(fleet, view.selected)

    def _spare(self) -> int:
        """Return how many rows are left once every agent has one."""
        if self.fleet is None or self._shows_talk or self._shows_card:
            return 0
        agents = len(listed(self.fleet, self.view)) + AROUND_TABLE_ROWS
        return self.size.height - agents - len(attention(self.fleet, self.size.width))

    def tick(self) -> None:
        """Show how old the fleet is by now."""
        now = self.cockpit.now()
        if self.view.dock:
            self._dock.show(self.fleet, self.view, now)
        else:
            self._head.show(self.fleet, now, self.cockpit.looking_s, self.view.order)

    def _see(self, view: View) -> None:
        self.view = settled(view, self.fleet) if self.fleet else view
        self._redraw()

    def _arrange(self) -> None:
        """Show the parts that belong to what was chosen; the style sheet says which these are."""
        self.status.hint(self._hints())
        self.set_class(self.view.dock, "-dock")
        self.set_class(self._shows_card, "-card")
        self.set_class(self._shows_talk, "-talk")

    def _hints(self) -> tuple[tuple[str, str], ...]:
        """Return the keys for the last line, as far as they do something here."""
        lead = (("read only", ""),) if self._reads_only else ()
        if self._shows_talk:
            return (*lead, *TALK_HINTS)
        keys = [each for each in FLEET if each.hint and not (each.acts and self._reads_only)]
        return (*lead, *((each.shown, each.hint) for each in keys))

    def _focus(self) -> None:
        if self._shows_talk:
            self.talk.focus()
        else:
            (self._dock if self.view.dock else self._table).focus()

    # ------------------------------------------------------------------ moving

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        if self.fleet:
            self._see(moved(self.view, self.fleet, by))

    def action_far(self, by: int) -> None:
        """Move the cursor to an end."""
        if self.fleet:
            self._see(moved(self.view, self.fleet, by * 1_000_000, wraps=False))

    def action_trouble(self) -> None:
        """Move the cursor to the next agent in trouble."""
        if self.fleet:
            self._see(next_in_trouble(self.view, self.fleet))

    def on_cursor_moved(self, message: CursorMoved) -> None:
        """Move the cursor."""
        if self.fleet:
            self._see(moved(self.view, self.fleet, message.by, wraps=not message.far))

    def on_agent_picked(self, message: AgentPicked) -> None:
        """Put the cursor on an agent."""
        self._see(self.view._replace(selected=message.key))

    # ------------------------------------------------------------------ what is open

    def action_background(self) -> None:
        """Show or fold the background."""
        self._see(self.view._replace(shows_background=not self.view.shows_background))

    def action_dead(self) -> None:
        """Show or fold who does not run."""
        self._see(self.view._replace(folds_dead=not self.view.folds_dead))

    def action_sort(self) -> None:
        """Switch between the stable order and trouble first; the cursor stays with its agent."""
        self._see(self.view._replace(trouble_first=not self.view.trouble_first))

    def action_dock(self) -> None:
        """Switch between table and dock."""
        self._came_from_strip = False
        self.view = self.view._replace(dock=not self.view.dock)
        self._arrange()
        self._focus()
        self._redraw()

    def action_card(self) -> None:
        """Show or hide the card; a strip has no room for one, so the table comes for as long."""
        self._shows_card = not self._shows_card or self.view.dock
        is_back = self._came_from_strip and not self._shows_card
        self._came_from_strip = self.view.dock
        self.view = self.view._replace(dock=is_back)
        self._arrange()
        self._focus()
        self._redraw()

    def action_talk(self) -> None:
        """Open or close the messages."""
        self._open_talk(None) if not self._shows_talk else self._close_talk()

    def action_talk_of_agent(self) -> None:
        """Open the messages of the agent with the cursor."""
        self._open_talk(self.view.selected)

    def _open_talk(self, agent: str | None) -> None:
        self._shows_talk = True
        panel = self.talk
        panel.show(self.fleet, self.view.selected)
        panel.open(agent)
        self._arrange()
        self._focus()
        self._redraw()

    def _close_talk(self) -> None:
        self._shows_talk = False
        self._arrange()
        self._focus()
        self._redraw()

    def action_search(self) -> None:
        """Ask what to search the messages for."""
        if not self._shows_talk:
            self._open_talk(None)
        panel = self.talk
        self.app.push_screen(SearchScreen(panel.talk.words), self._search)

    def _search(self, words: str | None) -> None:
        if words is not None:
            self.talk.search(words)

    def action_back(self) -> None:
        """Close what was opened last."""
        if self._shows_talk:
            panel = self.talk
            if panel.talk.expanded:
                panel.action_expand()
            else:
                self._close_talk()
        elif self._shows_card:
            self.action_card()

    def action_help(self) -> None:
        """Show the keys."""
        self.app.push_screen(HelpScreen())

    # ------------------------------------------------------------------ what the app does

    def action_look(self) -> None:
        """Look again now."""
        self.cockpit.hurry()

    def action_theme(self) -> None:
        """Switch between dark and light."""
        self.cockpit.switch_theme()

    def action_quit_cockpit(self) -> None:
        """Quit."""
        self.app.exit()

    def action_compose(self) -> None:
        """Write to the agent with the cursor."""
        self.cockpit.compose_to(self.selected)

    def action_nudge(self) -> None:
        """Ask whether to nudge the agent with the cursor."""
        self.cockpit.nudge(self.selected)

    def action_jump(self) -> None:
        """Go to the pane of the agent with the cursor."""
        self.cockpit.jump(self.selected, within_window=self.view.dock)

    def action_acknowledge(self) -> None:
        """Ask whether to acknowledge what is wrong with the agent with the cursor."""
        if self.fleet and (agent := self.selected):
            self.cockpit.acknowledge(self.fleet, agent)

    def action_acknowledge_all(self) -> None:
        """Ask whether to acknowledge all that is wrong."""
        if self.fleet:
            self.cockpit.acknowledge(self.fleet, None)

    def action_transcript(self) -> None:
        """Show the end of the transcript of the agent with the cursor."""
        self.cockpit.read_transcript(self.selected)

    def action_edit_fleet(self) -> None:
        """Edit the fleet."""
        self.cockpit.edit_fleet(self.selected)

    def action_reset_fleet(self) -> None:
        """Show what restarting the fleet would do."""
        self.cockpit.reset_fleet(self.selected)

    def action_kill_window(self) -> None:
        """Show what closing the window would do."""
        self.cockpit.kill_window(self.selected)
