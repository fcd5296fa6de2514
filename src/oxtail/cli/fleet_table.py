"""A fleet as text for a terminal of a given width; what ``oxtail status`` prints."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from oxtail.cli.output import one_line
from oxtail.core.fleet_labels import labeller
from oxtail.core.fleet_words import MARKS, badges, caption, client, comms, state, sums, waits
from oxtail.core.plain import columns, fitted, padded, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oxtail.core.fleet import Fleet, Line
    from oxtail.core.fleet_agent import Agent

WIDTH_MIN: Final = 40
WIDTH_DEFAULT: Final = 100
"""The narrowest table, and the width where there is no terminal to ask."""

LABEL_COLUMNS: Final = 14
CLIENT_COLUMNS: Final = 6
STATE_COLUMNS: Final = 15
PURPOSE_MIN_COLUMNS: Final = 6
"""With less room than this a purpose is left out."""

BACKGROUND_NAMED: Final = 8
"""Most agents in the background that are named."""


def terminal_width() -> int:
    """Return how wide standard output is."""
    try:
        return os.get_terminal_size(1).columns or WIDTH_DEFAULT
    except OSError:
        return WIDTH_DEFAULT


def table(fleet: Fleet, width: int, *, log: bool = False) -> str:
    """Return *fleet* in lines of at most *width* columns; the messages too if *log*."""
    width = max(width, WIDTH_MIN)
    names = {each.key: each.label for each in (*fleet.agents, *fleet.background)}
    label = labeller(names)
    lines = [*_head(fleet, width), *(_row(each, fleet.at, width) for each in fleet.agents)]
    lines += _background(fleet)
    lines += _block("waits:", waits(fleet, label))
    wrong = (trouble.text for trouble in fleet.troubles if trouble.is_open)
    lines += _block("wrong (oxtail status --ack, once you know of it):", tuple(wrong))
    if log:
        feed = tuple(_line(each) for each in fleet.comms) or ("no messages",)
        lines += _block("the latest messages (no audit log):", feed)
    lines += _block("doctor:", tuple(_findings(fleet)))
    lines += [f"warning: {each}" for each in fleet.warnings]
    if fleet.truncated:
        lines.append("warning: there is more than was looked at")
    return "\n".join(fitted(one_line(line), width).rstrip() for line in lines)


def _head(fleet: Fleet, width: int) -> Iterator[str]:
    counts = fleet.counts
    root = fleet.project_root
    place = "all projects" if root is None else plain(os.path.basename(root) or root)
    if not fleet.agents and not fleet.background:
        yield f"{place}: no agents in this project" if root else f"{place}: no agents"
        return
    total = f"{counts.agents} agent{'' if counts.agents == 1 else 's'}"
    behind = f", +{counts.background} in the background" if counts.background else ""
    yield f"{place}: {total}, {counts.active} active{behind}"
    yield from _packed(
        [f"! {each.text}" if each.level == "bad" else each.text for each in fleet.attention], width
    )


def _packed(pieces: Sequence[str], width: int) -> Iterator[str]:
    """Yield *pieces* on as few lines as they need, so that none is cut for another."""
    line = ""
    for piece in pieces:
        longer = f"{line} | {piece}" if line else piece
        if line and columns(longer) > width:
            yield line
            longer = piece
        line = longer
    if line:
        yield line


def _row(agent: Agent, at: float, width: int) -> str:
    mark = MARKS[agent.verdict.liveness]
    star = "*" if agent.is_self else ""
    name = fitted(agent.label, LABEL_COLUMNS - len(star)) + star
    fixed = (
        f"{mark} {padded(name, LABEL_COLUMNS)} {padded(client(agent), CLIENT_COLUMNS)}"
        f" {padded(state(agent), STATE_COLUMNS)}"
    )
    line = "  ".join((fixed, *(badge.text for badge in badges(agent, at))))
    room = width - columns(line) - 2
    said = caption(agent)
    if said and room >= PURPOSE_MIN_COLUMNS:
        line += "  " + fitted(said, room)
    return line


def _background(fleet: Fleet) -> Iterator[str]:
    behind = fleet.background
    if not behind:
        return
    named = ", ".join(agent.label for agent in behind[:BACKGROUND_NAMED])
    more = f" +{len(behind) - BACKGROUND_NAMED}" if len(behind) > BACKGROUND_NAMED else ""
    yield f"+ {len(behind)} in the background{sums(behind)}: {named}{more}"


def _findings(fleet: Fleet) -> Iterator[str]:
    for agent in (*fleet.agents, *fleet.background):
        for found in agent.findings:
            yield f"{found.level}: {agent.label}: {found.problem}"
    for found in fleet.findings:
        if found.level == "wrong":
            yield f"{found.level}: {found.problem}"


def _block(title: str, lines: tuple[str, ...]) -> Iterator[str]:
    if lines:
        yield title
        yield from (f"  {line}" for line in lines)


def _line(line: Line) -> str:
    kind = comms(line)
    said = f"[{kind}] " if kind else ""
    arrow = "=>" if line.origin == "operator" else "->"
    when = time.strftime("%H:%M:%S", time.localtime(line.at)) if 0 <= line.at < 1 << 40 else "-"
    return f"{when} {line.sender_label} {arrow} {line.receiver_label}: {said}{plain(line.body)}"
