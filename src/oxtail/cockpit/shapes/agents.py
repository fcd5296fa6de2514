"""The table of the fleet: one row per agent, in an order that no state changes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from oxtail.cockpit.shapes.rows import Row, Span, cut, row
from oxtail.cockpit.shapes.view import View, folded, listed, place
from oxtail.cockpit.shapes.windowing import Window, window
from oxtail.core.fleet_words import MARKS, badges, caption, client, state, sums
from oxtail.core.liveness import Liveness
from oxtail.core.plain import columns, fitted, padded, plain

if TYPE_CHECKING:
    from oxtail.core.fleet import Fleet
    from oxtail.core.fleet_agent import Agent

CURSOR: Final = "> "
NO_CURSOR: Final = "  "
LABEL_COLUMNS: Final = 16
NARROW_LABEL_COLUMNS: Final = 12
CLIENT_COLUMNS: Final = 7
STATE_COLUMNS: Final = 16
NARROW: Final = 60
"""With fewer columns a row says less about the client."""

PURPOSE_MIN_COLUMNS: Final = 6
"""With less room than this a purpose is left out."""

_LOOKS: Final = {Liveness.ACTIVE: "active", Liveness.IDLE: "idle", Liveness.DEAD: "dead"}


def agent_row(agent: Agent, at: float, width: int, *, chosen: bool, behind: bool = False) -> Row:
    """Return the row of *agent* in *width* columns."""
    narrow = width < NARROW
    look = _LOOKS[agent.verdict.liveness]
    star = "*" if agent.is_self else ""
    label = NARROW_LABEL_COLUMNS if narrow else LABEL_COLUMNS
    name = padded(fitted(agent.label, label - 1 - len(star)) + star, label)
    spans = [
        Span(CURSOR if chosen else NO_CURSOR, "key"),
        Span(f"{MARKS[agent.verdict.liveness]} ", look),
        Span(name, "dim" if behind or agent.is_dead else "strong"),
    ]
    if not narrow:
        spans.append(Span(padded(client(agent), CLIENT_COLUMNS), "dim"))
    spans.append(Span(padded(state(agent), STATE_COLUMNS), look))
    said = badges(agent, at)
    spans += [Span(badge.text + "  ", badge.kind) for badge in said]
    if behind and agent.server_pid:
        spans.append(Span(f"pid {agent.server_pid}  ", "dim"))
    room = width - sum(columns(span.text) for span in spans)
    at_work = plain(caption(agent))
    if at_work and room >= PURPOSE_MIN_COLUMNS:
        spans.append(Span(fitted(at_work, room), "dim"))
    return Row(cut(spans, width), agent.key, chosen)


def table(fleet: Fleet, view: View, width: int, height: int, top: int) -> tuple[list[Row], Window]:
    """Return the table in at most *height* rows, and which of its agents are in it."""
    agents = listed(fleet, view)
    below = [each for each in (_folded(fleet, view), _background(fleet, view)) if each]
    head = [] if height < 8 or not agents else [_titles(width)]
    budget = max(height - len(head) - len(below), 1)
    cursor = place(view, agents)
    seen = window(len(agents), budget, cursor, top)
    rows = [*head]
    if seen.counts_above:
        rows.append(_more(seen.start, "above"))
    first_behind = len(agents) - (len(fleet.background) if view.shows_background else 0)
    for number in range(seen.start, seen.stop):
        agent = agents[number]
        chosen = agent.key == view.selected
        behind = number >= first_behind
        rows.append(agent_row(agent, fleet.at, width, chosen=chosen, behind=behind))
    if seen.counts_below:
        rows.append(_more(len(agents) - seen.stop, "below"))
    if not agents and not below:
        rows += _nobody(fleet)
    rows += [Row(cut(each.spans, width)) for each in below]
    return rows[: max(height, 0)], seen


def _more(count: int, where: str) -> Row:
    return row(Span(f"    {count} more {where}", "dim"))


def _titles(width: int) -> Row:
    narrow = width < NARROW
    words = padded("agent", NARROW_LABEL_COLUMNS if narrow else LABEL_COLUMNS)
    words += "" if narrow else padded("client", CLIENT_COLUMNS)
    words += padded("state", STATE_COLUMNS) + "what"
    return Row(cut([Span("    " + words, "dim")], width))


def _nobody(fleet: Fleet) -> list[Row]:
    where = "in this project" if fleet.project_root else "in any project"
    return [
        row(""),
        row(Span(f"  No agents {where}.", "strong")),
        row(Span("  A session appears here as soon as its oxtail server runs.", "dim")),
        row(Span("  oxtail setup registers oxtail with Claude Code and Codex.", "dim")),
    ]


def _folded(fleet: Fleet, view: View) -> Row | None:
    gone = folded(fleet, view)
    if not gone:
        return None
    said = sums(gone)
    mark = MARKS[Liveness.DEAD]
    line = Span(f"  {mark} {len(gone)} dead{said}", "warn" if said else "dim")
    return row(line, Span("  x shows them", "dim"))


def _background(fleet: Fleet, view: View) -> Row | None:
    behind = fleet.background
    if not behind or view.shows_background:
        return None
    said = f"  + {len(behind)} in the background{sums(behind)}"
    return row(Span(said, "dim"), Span("  b shows them", "dim"))


def project(fleet: Fleet) -> str:
    """Return what the project is called."""
    root = fleet.project_root
    return "all projects" if root is None else plain(os.path.basename(root) or root)
