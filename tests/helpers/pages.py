"""Reads a report as a browser does, and says what is in it that should not be."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

from oxtail.report.script import SCRIPT
from oxtail.report.style import STYLE

ELEMENTS: Final = frozenset(
    """
    html head meta title style script body header nav main section article form label input select
    option div table caption thead tbody tr th td h1 h2 h3 p ul li b a span code pre time
    svg g line path polygon rect circle text
    """.split()  # noqa: SIM905
)
ATTRIBUTES: Final = frozenset(
    """
    charset http-equiv content name class id href role aria-label aria-labelledby aria-hidden
    tabindex scope type value autocomplete hidden lang datetime data-lanes data-kinds
    width height viewbox x y x1 x2 y1 y2 cx cy r rx d points
    """.split()  # noqa: SIM905
)
_OURS: Final = {
    "id": re.compile(r"m[0-9]+|filter|count|now|trouble|waits|work|timeline|messages"),
    "href": re.compile(r"#(?:m[0-9]+|now|trouble|waits|work|timeline|messages)"),
    "class": re.compile(r"[a-z ]+"),
    "data-lanes": re.compile(r"[0-9]* ?[0-9]*"),
    "points": re.compile(r"[0-9., -]+"),
    "d": re.compile(r"[MLhv0-9. -]+"),
    "datetime": re.compile(r"[0-9TZ:-]+"),
    "type": re.compile("search"),
    "http-equiv": re.compile("Content-Security-Policy"),
}
_VOID: Final = ("meta", "input")


class Page(HTMLParser):
    """What is in a page.

    Attributes:
        problems: What should not be there.
        texts: The text of each element of the kinds that hold bodies: ``pre``, by the order.
        ids: All ids.
        links: Where links lead.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[str] = []
        self.bodies: list[str] = []
        self.styles: list[str] = []
        self.scripts: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.policy = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        if self._open:
            self.problems.append(f"never closed: {self._open}")
        if self.styles != [STYLE] or self.scripts != [SCRIPT]:
            self.problems.append("another style or script")
        if len(set(self.ids)) != len(self.ids):
            self.problems.append("an id twice")
        self.problems += [f"leads nowhere: {each}" for each in self.links
                          if each[1:] not in self.ids]  # fmt: skip

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ELEMENTS:
            self.problems.append(f"element {tag}")
        if len({name for name, _ in attrs}) != len(attrs):
            self.problems.append(f"an attribute twice: {attrs}")
        for name, value in attrs:
            if name not in ATTRIBUTES:
                self.problems.append(f"attribute {name}")
            form = _OURS.get(name)
            if form and not form.fullmatch(value or ""):
                self.problems.append(f"value of {name}: {value}")
        members = dict(attrs)
        if "id" in members:
            self.ids.append(members["id"] or "")
        if "href" in members:
            self.links.append(members["href"] or "")
        if "http-equiv" in members:
            self.policy = members["content"] or ""
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "pre":
            self.bodies.append("")
        if tag in ("style", "script"):
            (self.styles if tag == "style" else self.scripts).append("")

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.problems.append(f"closes what is not open: {tag}")

    def handle_data(self, data: str) -> None:
        inside = self._open[-1] if self._open else ""
        if inside == "pre":
            self.bodies[-1] += data
        elif inside == "style":
            self.styles[-1] += data
        elif inside == "script":
            self.scripts[-1] += data

    def handle_comment(self, data: str) -> None:
        self.problems.append(f"comment {data}")

    def unknown_decl(self, data: str) -> None:
        self.problems.append(f"declaration {data}")

    def handle_pi(self, data: str) -> None:
        self.problems.append(f"instruction {data}")


def network_in(html: str) -> list[str]:
    """Return what in a page of harmless texts could lead to a network."""
    form = r"https?:|//|url\(|src\s*=|@import|<link|<iframe|<object|<embed|<base|fetch\(|XMLHttp"
    return re.findall(form, html, re.IGNORECASE)
