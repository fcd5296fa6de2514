"""What the shapes in the pictures mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.report.markup import Html, tag

if TYPE_CHECKING:
    from collections.abc import Iterable


def _key(name: str, entries: Iterable[tuple[Html, str]]) -> Html:
    items = [
        tag(
            "li",
            tag("svg", drawn, width=28, height=20, viewBox="0 0 28 20", aria_hidden="true"),
            words,
        )
        for drawn, words in entries
    ]
    return tag("ul", *items, class_=f"key {name}", aria_label="What the shapes mean")


def _say(classes: str, *parts: Html) -> Html:
    return tag("g", *parts, class_=f"say {classes}")


def timeline_key() -> Html:
    """Return the key of the timeline."""
    circle = tag("circle", class_="sign", cx=14, cy=10, r=6)
    square = tag("rect", class_="sign", x=8, y=4, width=12, height=12)
    triangle = tag("polygon", class_="sign", points="8,15 20,15 14,3")
    diamond = tag("polygon", class_="sign", points="14,2 22,10 14,18 6,10")
    dot = tag("circle", class_="sign", cx=14, cy=10, r=3)
    hollow = tag("rect", class_="bar wait", x=11, y=1, width=6, height=18)
    full = tag("rect", class_="bar work", x=11, y=1, width=6, height=18)
    on = tag("polygon", class_="on wait", points="8,7 20,7 14,15")
    lost = tag("line", class_="lost", x1=8, x2=20, y1=10, y2=10)
    entries = (
        (_say("question", circle), "question"),
        (_say("answer", triangle), "answer, or with the color of work its result"),
        (_say("work", square), "work"),
        (_say("message", dot), "other message"),
        (_say("operator", diamond), "from the operator"),
        (hollow, "somebody waits"),
        (full, "somebody owes work"),
        (on, "goes on now"),
        (lost, "no end is known, and it does not go on"),
    )
    return _key("timeline", entries)


def _node(classes: str, *parts: Html) -> Html:
    return tag("g", *parts, class_=f"session {classes}")


def waits_key() -> Html:
    """Return the key of the wait graph."""
    octagon = tag("polygon", class_="node", points="8,2 20,2 26,7 26,13 20,18 8,18 2,13 2,7")
    oblong = tag("rect", class_="node", x=2, y=3, width=24, height=14, rx=7)
    corner = tag("rect", class_="node", x=2, y=3, width=24, height=14, rx=2)
    cross = tag("path", class_="cross", d="M2 3 L26 17 M2 17 L26 3")
    way = tag("path", class_="way", d="M1 10 L27 10")
    bar = tag("path", class_="bar", d="M19 2 L19 18")
    entries = (
        (_node("running", oblong), "runs"),
        (_node("locked", octagon), "deadlocked"),
        (_node("away", corner), "does not run"),
        (_node("gone", corner, cross), "is gone"),
        (tag("g", way, class_="wait"), "is blocked until an answer comes"),
        (tag("g", way, class_="wait loose"), "waits, and can go on meanwhile"),
        (tag("g", way, class_="wait loose work"), "waits for the end of work"),
        (tag("g", way, bar, class_="wait orphan"), "orphan: nobody will end it"),
    )
    return _key("graph", entries)
