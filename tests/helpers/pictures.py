"""What ``docs/pictures`` shows: the screens and pages that are drawn, and what each is made of.

A picture of a screen can be drawn again and compared.  One of a browser depends on the browser and
its fonts; beside it stands what it was drawn from.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from typing import Final

from helpers.cockpits import Driven, driven
from helpers.example_fleets import EXAMPLES
from oxtail.cockpit.web_page import STYLE
from oxtail.cockpit.web_page import page as web_page
from oxtail.report.page import page

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "pictures"
SOURCES: Final = "sources.json"
"""Where the sources of pictures of a browser stand: digests of what each shows, and of itself."""

SHOWN: Final = ("empty", "healthy", "trouble")
LIFE: Final = "life"
PARTS: Final = (*SHOWN, LIFE)
THEMES: Final = ("dark", "light")
WIDE: Final = (120, 40)
DOCK: Final = (120, 8)
LIFE_SIZE: Final = (100, 26)

_FONTS: Final = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
_NAMES: Final = re.compile(r"terminal-[0-9]+")
_LOOK: Final = re.compile(r"\.(terminal-r[0-9]+) \{ ([^}]*) \}")
_TEXT: Final = re.compile(r'<text class="(terminal-r[0-9]+)"[^>]*>([^<]*)</text>')


def _taken(cockpit: Driven, title: str = "oxtail cockpit") -> str:
    """Return the screen as an SVG without fonts from a network, and with names that stay."""
    svg = cockpit.app.export_screenshot(title=title)
    lines = _NAMES.sub("terminal", _FONTS.sub("", svg)).split("\n")
    return "\n".join(line.rstrip() for line in lines).rstrip() + "\n"


async def screens(part: str, theme: str) -> dict[str, str]:
    """Draw the screens of one of :data:`PARTS`: the names of files, and what is to be in them."""
    light = theme == "light"
    made = {}
    if part == LIFE:
        async with driven(EXAMPLES["healthy"].fleet, LIFE_SIZE, light=light) as cockpit:
            for name, key, words in (("editor", "S", "w save"), ("plan", "y", "y does it")):
                await cockpit.press(key)
                await cockpit.settle(lambda words=words: words in cockpit.text)
                made[f"fleet-{name}-{theme}.svg"] = _taken(cockpit)
        return made
    fleet = EXAMPLES[part].fleet
    async with driven(fleet, WIDE, light=light) as cockpit:
        made[f"cockpit-{part}-{theme}.svg"] = _taken(cockpit)
        if part == "trouble":
            await cockpit.press("j", "i", "l")
            made[f"cockpit-messages-{theme}.svg"] = _taken(cockpit)
    async with driven(fleet, DOCK, light=light, dock=True) as cockpit:
        made[f"dock-{part}-{theme}.svg"] = _taken(cockpit, "oxtail cockpit --dock")
    return made


def reports() -> dict[str, str]:
    """Return the pages of HTML, by the names of their files."""
    return {f"report-{name}.html": page(EXAMPLES[name]) for name in ("empty", "trouble")}


def seen(svg: str) -> list[tuple[str, str]]:
    """Return what one sees in the picture of a screen: texts with their looks, in their order."""
    looks = dict(_LOOK.findall(svg))
    return [(looks[look], unescape(text)) for look, text in _TEXT.findall(svg)]


def shown_by(name: str, folder: Path = FOLDER) -> str:
    """Return the digest of what the picture *name* of a browser shows, from the files beside it."""
    kind, *about = name.removesuffix(".png").split("-")
    if kind == "report":
        made = (folder / f"report-{about[0]}.html").read_text(encoding="utf-8")
    else:
        svg = (folder / f"cockpit-{'-'.join(about)}.svg").read_text(encoding="utf-8")
        made = json.dumps([seen(svg), STYLE, web_page("", "")])
    return digest(made.encode())


def digest(data: bytes) -> str:
    """Return what tells *data* from any other."""
    return hashlib.sha256(data).hexdigest()


def known() -> Mapping[str, Mapping[str, str]]:
    """Return what is recorded of the pictures of a browser."""
    path = FOLDER / SOURCES
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def record(name: str, data: bytes) -> None:
    """Record what the picture *name*, which is *data*, was drawn from."""
    all_of_them = {**known(), name: {"shows": shown_by(name), "is": digest(data)}}
    text = json.dumps(all_of_them, indent=1, sort_keys=True)
    (FOLDER / SOURCES).write_text(text + "\n", encoding="utf-8")
