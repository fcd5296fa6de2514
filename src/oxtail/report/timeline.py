"""The timeline as a picture: a lane for each session, time going down, a row for each message.

Kinds differ by shape, not by color alone: a circle begins a question, a square work, a triangle an
answer or a result, a diamond what the operator sent.  A hollow bar is a wait, a full one work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.fleet_words import age
from oxtail.core.plain import fitted, plain
from oxtail.report.markup import Html, joined, tag
from oxtail.report.story import DRAWN_MAX, OTHERS, Kind
from oxtail.report.words import clock, day, kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oxtail.report.story import Said, Span, Story

    Across = Callable[[str], float]

ROW: Final = 24
GUTTER: Final = 128
LANE: Final = 104
TEXT: Final = 560
HEAD: Final = 46
"""Sizes in the picture: a row, the numbers and times, a lane, the texts, and the names."""

TEXT_COLUMNS: Final = 76
LABEL_COLUMNS: Final = 13

GAP_SECONDS: Final = 1_800
"""A longer silence has a row of its own."""

BAR: Final = 6
BARS_MAX: Final = 3
"""How wide a bar is, and how many stand side by side; further ones lie over the last."""


class _Rows:
    """Where each message stands, and what stands between messages."""

    def __init__(self, said: Sequence[Said]) -> None:
        self.said = said
        self.at: dict[int, float] = {}
        self.breaks: list[tuple[float, str]] = []
        down, before = 0.0, None
        for each in said:
            if before is None or day(before) != day(each.at):
                self.breaks.append((down + ROW / 2, day(each.at)))
                down += ROW
            elif each.at - before > GAP_SECONDS:
                self.breaks.append((down + ROW / 2, f"{age(each.at - before)} later"))
                down += ROW
            self.at[each.number] = down + ROW / 2
            down += ROW
            before = each.at
        self.height = down + ROW / 2


def timeline(story: Story) -> Html:
    """Return the picture, in a frame that scrolls and keeps the names in sight."""
    said = story.said[-DRAWN_MAX:]
    rows = _Rows(said)
    places = {lane.key: place for place, lane in enumerate(story.lanes)}

    def across(key: str) -> float:
        return GUTTER + LANE * (places.get(key, places.get(OTHERS, 0)) + 0.5)

    width = GUTTER + LANE * len(story.lanes) + TEXT
    parts = [_lane_line(across(lane.key), rows.height) for lane in story.lanes]
    parts += [_break(down, words, width) for down, words in rows.breaks]
    parts += [_bar(span, column, rows, across) for span, column in _columns(story.spans, rows)]
    parts += [_row(each, rows.at[each.number], across, len(story.lanes)) for each in said]
    names = [
        joined(
            tag("text", fitted(lane.label, LABEL_COLUMNS), x=across(lane.key), y=18, class_="name"),
            tag("text", lane.state, x=across(lane.key), y=36, class_="state"),
        )
        for lane in story.lanes
    ]
    return tag(
        "div",
        _picture(names, width, HEAD, "names", "Names of the lanes"),
        _picture(
            parts,
            width,
            rows.height,
            "rows",
            f"Timeline of {len(said)} messages; the list of messages says the same in words",
        ),
        class_="frame",
        tabindex="0",
        role="group",
        aria_label="Timeline, scrolls",
    )


def _picture(parts: Sequence[str], width: float, height: float, name: str, label: str) -> Html:
    return tag(
        "svg",
        *parts,
        class_=name,
        role="img",
        aria_label=label,
        width=float(width),
        height=float(height),
        viewBox=f"0 0 {width:g} {height:g}",
    )


def _lane_line(x: float, height: float) -> Html:
    return tag("line", class_="lane", x1=x, x2=x, y1=0, y2=height)


def _break(y: float, words: str, width: float) -> Html:
    return joined(
        tag("line", class_="break", x1=0, x2=float(width), y1=y, y2=y),
        tag("rect", class_="plate", x=4, y=y - 9, width=len(words) * 7.3 + 8, height=18),
        tag("text", words, class_="break", x=8, y=y + 4),
    )


def _row(said: Said, y: float, across: Across, lanes: int) -> Html:
    start, end = across(said.sender), across(said.receiver)
    right = GUTTER + LANE * lanes + 12
    what = f"{kind(said)}: {plain(said.body, TEXT_COLUMNS)}"
    who = f"{said.sender_label} to {said.receiver_label}"
    classes = f"say {said.kind.value}{' operator' if said.by_operator else ''}"
    return tag(
        "g",
        tag("title", f"{said.number}. {who}, {what}"),
        tag("text", str(said.number), class_="number", x=34, y=y + 4),
        tag("text", clock(said.at), class_="clock", x=44, y=y + 4),
        _arrow(start, end, y),
        _sign(said, start, y),
        tag(
            "a",
            tag("text", fitted(what, TEXT_COLUMNS), class_="words", x=right, y=y + 4),
            href=f"#m{said.number}",
            tabindex="-1",
        ),
        class_=classes,
    )


def _arrow(start: float, end: float, y: float) -> Html:
    if start == end:
        path = f"M{start:g} {y - 4:g} h34 v8 h-26"
        tip, back = start + 4, 8
    else:
        back = -8 if end > start else 8
        tip = end
        path = f"M{start:g} {y:g} L{end + back:g} {y:g}"
    head = y + 4 if start == end else y
    points = f"{tip:g},{head:g} {tip + back:g},{head - 5:g} {tip + back:g},{head + 5:g}"
    return joined(tag("path", class_="way", d=path), tag("polygon", class_="tip", points=points))


def _sign(said: Said, x: float, y: float) -> Html:
    """Return the shape at the beginning of an arrow, which tells the kind of its message."""
    if said.by_operator:
        points = f"{x:g},{y - 8:g} {x + 8:g},{y:g} {x:g},{y + 8:g} {x - 8:g},{y:g}"
        return tag("polygon", class_="sign", points=points)
    if said.kind is Kind.QUESTION:
        return tag("circle", class_="sign", cx=x, cy=y, r=6)
    if said.kind is Kind.WORK:
        return tag("rect", class_="sign", x=x - 6, y=y - 6, width=12, height=12)
    if said.kind in (Kind.ANSWER, Kind.RESULT):
        points = f"{x - 6:g},{y + 5:g} {x + 6:g},{y + 5:g} {x:g},{y - 7:g}"
        return tag("polygon", class_="sign", points=points)
    return tag("circle", class_="sign", cx=x, cy=y, r=3)


def _columns(spans: Sequence[Span], rows: _Rows) -> list[tuple[Span, int]]:
    """Return each span that is in the picture with its place beside those of its lane."""
    first, last = rows.said[0].number, rows.said[-1].number
    busy: dict[tuple[str, Kind], list[int]] = {}
    found = []
    for span in spans:
        end = span.last or (last if span.is_open else span.first)
        if end < first:
            continue
        columns = busy.setdefault((span.lane, span.kind), [])
        free = next((i for i, until in enumerate(columns) if until < span.first), len(columns))
        free = min(free, BARS_MAX - 1)
        if free == len(columns):
            columns.append(0)
        columns[free] = max(columns[free], end)
        found.append((span, free))
    return found


def _bar(span: Span, column: int, rows: _Rows, across: Across) -> Html:
    top = rows.at.get(span.first, 0.0)
    open_end = rows.height - 6 if span.is_open else top + ROW / 2
    bottom = rows.at[span.last] if span.last else open_end
    if bottom < top:  # a peer's clock was wrong
        top, bottom = bottom, top
    side = 1 if span.kind is Kind.WORK else -1
    middle = across(span.lane) + side * (BAR + 1 + column * (BAR + 2))
    x, word = middle - BAR / 2, "work" if span.kind is Kind.WORK else "wait"
    bar = tag(
        "rect", class_=f"bar {word}", x=x, y=top, width=float(BAR), height=max(bottom - top, 2.0)
    )
    if span.last:
        return bar
    if span.is_open:
        points = f"{middle - 6:g},{bottom:g} {middle + 6:g},{bottom:g} {middle:g},{bottom + 6:g}"
        return joined(bar, tag("polygon", class_=f"on {word}", points=points))
    # It has no end here, and does not go on.
    return joined(bar, tag("line", class_="lost", x1=x - 3, x2=x + BAR + 3, y1=bottom, y2=bottom))
