"""Every key of the cockpit, as data: bindings, help and the page of the docs come from here.

The rule: a key is in this table, or it does nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.binding import Binding

from oxtail.core.value import Value

if TYPE_CHECKING:
    from textual.binding import BindingType


class Key(Value):
    """One key.

    Attributes:
        keys: The names that Textual has for it, separated by commas.
        shown: How people write it.
        action: What it does, as Textual calls actions; empty where a widget takes the key itself.
        does: What it does, for people.
        hint: That in a word or two for the last line, or nothing.
        acts: Whether it changes something; such a key does nothing in a cockpit that only reads.
    """

    keys: str
    shown: str
    action: str
    does: str
    hint: str = ""
    acts: bool = False


FLEET: Final = (
    Key("up,k", "↑ k", "move(-1)", "move up, around the end"),
    Key("down,j", "↓ j", "move(1)", "move down, around the end"),
    Key("home,g", "Home g", "far(-1)", "to the first agent"),
    Key("end,G", "End G", "far(1)", "to the last agent"),
    Key("t", "t", "trouble", "to the next agent that something is wrong with"),
    Key("enter", "Enter", "jump", "go to the agent's pane", "jump", True),
    Key("m", "m", "compose", "write a message to the agent, as the operator", "message", True),
    Key("n", "n", "nudge", "ask the agent to look at its inbox; y confirms", "nudge", True),
    Key("i", "i", "card", "show or hide why the agent is in its state, and what it owes", "why"),
    Key("l", "l", "talk", "open or close the messages of the fleet", "messages"),
    Key("w", "w", "talk_of_agent", "open the messages of the agent"),
    Key("v", "v", "transcript", "view the end of the agent's transcript"),
    Key("slash", "/", "search", "search the messages"),
    Key("a", "a", "acknowledge", "acknowledge what is wrong with the agent; y confirms", "", True),
    Key("A", "A", "acknowledge_all", "acknowledge all that is wrong; y confirms", "", True),
    Key("S", "S", "edit_fleet", "edit what the fleet is to be, and start or change it", "", True),
    Key("R", "R", "reset_fleet", "restart the fleet of the agent; R again confirms", "", True),
    Key("K", "K", "kill_window", "close the window of the agent; K again confirms", "", True),
    Key("b", "b", "background", "show or fold agents in the background"),
    Key("x", "x", "dead", "show or fold agents that do not run"),
    Key("s", "s", "sort", "order by what needs somebody most, or as always"),
    Key("d", "d", "dock", "switch between table and dock strip", "dock"),
    Key("r", "r", "look", "look again now"),
    Key("T", "T", "theme", "switch between dark and light"),
    Key("tab", "Tab", "app.focus_next", "to the next part of the screen"),
    Key("question_mark", "?", "help", "show or hide the keys", "help"),
    Key("escape", "Esc", "back", "close what is open"),
    Key("ctrl+c", "Ctrl-C", "quit_cockpit", "quit", "quit"),
)
"""Where the fleet is."""

TALK: Final = (
    Key("up", "↑", "", "older message, or up in one that is shown whole"),
    Key("down", "↓", "", "newer message, or down"),
    Key("pageup,b", "PgUp b", "", "half a panel older"),
    Key("pagedown,space", "PgDn Space", "", "half a panel newer"),
    Key(
        "w,e",
        "w e",
        "",
        "show the message whole with its thread and receipts, or the list",
        "whole",
    ),
    Key("f", "f", "", "only messages of the selected agent, or all", "one agent"),
    Key("t", "t", "", "answers below what they answer, or in the order of time", "threads"),
)
"""In the messages; the other keys of the fleet work there, too."""

TALK_HINTS: Final = (
    ("↑ ↓", "move"),
    *((each.shown, each.hint) for each in TALK if each.hint),
    ("/", "search"),
    ("Esc", "close"),
    ("?", "help"),
)
"""The last line while they are open."""

TRANSCRIPT: Final = (
    Key("up", "↑", "", "up"),
    Key("down", "↓", "", "down"),
    Key("pageup", "PgUp", "", "ten lines up"),
    Key("pagedown,space", "PgDn Space", "", "ten lines down"),
    Key("home,g", "Home g", "first", "to the oldest line that was read"),
    Key("end,G", "End G", "last", "to the newest line"),
    Key("r", "r", "read", "read it again"),
    Key("escape,v,q", "Esc v q", "dismiss", "back to the fleet"),
)
"""While the end of a transcript is shown."""

COMPOSER: Final = (
    Key("enter", "Enter", "", "send"),
    Key("ctrl+j,alt+enter", "Ctrl-J Alt-Enter", "", "new line"),
    Key("ctrl+a", "Ctrl-A", "", "attach the file whose path stands at the end, or alone"),
    Key("ctrl+x", "Ctrl-X", "", "take the last file out again; its path is text again"),
    Key("escape", "Esc", "", "leave; the draft is kept for this agent"),
)
"""While a message is written."""

EDITOR: Final = (
    Key("up,k,down,j", "↑↓ k j", "", "move the cursor"),
    Key("K,J", "K J", "", "move the window"),
    Key("n", "n", "", "name of the window"),
    Key("m", "m", "", "model"),
    Key("f", "f", "", "effort"),
    Key("t", "t", "", "Claude Code or Codex"),
    Key("r", "r", "", "remote control, for Claude Code"),
    Key("o", "o", "", "role, for people"),
    Key("F", "F", "", "name of the fleet"),
    Key("a", "a", "", "add a window"),
    Key("d", "d", "", "delete the window; the last one stays"),
    Key("w", "w", "", "check and save"),
    Key("y", "y", "", "check, and show what applying it would do"),
    Key("escape", "Esc", "", "leave everything as it was"),
)
"""While a fleet is edited."""

PLAN: Final = (
    Key("y,Y,R,K", "y Y R K", "", "do it; a capital letter where something is ended"),
    Key("e", "e", "", "edit the fleet"),
    Key("c,escape", "c Esc", "", "cancel after this step, once it runs"),
)
"""While a plan is shown; any other key goes back and changes nothing."""

PLACES: Final = (
    ("fleet", FLEET),
    ("messages", TALK),
    ("transcript", TRANSCRIPT),
    ("composer", COMPOSER),
    ("fleet editor", EDITOR),
    ("plan", PLAN),
)


def bindings(keys: tuple[Key, ...]) -> list[BindingType]:
    """Return the bindings of *keys*."""
    return [Binding(each.keys, each.action, each.does, show=False) for each in keys if each.action]
