"""The docs say what the code does: pages are current, links lead somewhere, commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from oxtail.cli.verbs import TABLES
from oxtail.config import NUMBERS
from oxtail.server.catalog import TOOLS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/*.md")]
    if "out" not in page.parts
)
SOURCES = sorted(ROOT.glob("src/**/*.py"))

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_ANY_LINK = re.compile(r"\]\(([^)\s]+)\)")
_DOCS_PATH = re.compile(r"\bdocs/[a-z][a-z/-]*\.md\b")


def _slug(heading: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", ""))
    return kept.replace(" ", "-")


def _anchors(page: Path) -> set[str]:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return {_slug(line.lstrip("#")) for line in text.splitlines() if line.startswith("#")}


def test_the_generated_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "generate-docs"), "--check"],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    broken = []
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(link)

    assert not broken


def test_every_picture_is_there_is_shown_and_loads_nothing() -> None:
    folder = ROOT / "docs" / "pictures"
    named = {
        (page.parent / link).resolve()
        for page in PAGES
        for link in _ANY_LINK.findall(page.read_text(encoding="utf-8"))
        if "pictures/" in link
    }
    there = set(folder.iterdir())

    assert len(there) > 20
    assert named - there == set()
    # The report of an empty fleet, and what pictures were drawn from, are there for tests alone.
    assert there - named == {folder / "report-empty.html", folder / "sources.json"}
    for picture in folder.glob("*.svg"):
        assert not re.search(r"@import|@font-face|url\(http|href", picture.read_text("utf-8")), (
            picture
        )


def test_every_page_that_the_sources_name_exists() -> None:
    named = {
        name
        for source in SOURCES
        for name in _DOCS_PATH.findall(source.read_text(encoding="utf-8"))
    }

    assert named
    assert not {name for name in named if not (ROOT / name).exists()}


def test_every_tool_verb_and_setting_is_documented() -> None:
    reference = {
        page.name: page.read_text(encoding="utf-8")
        for page in (ROOT / "docs" / "reference").glob("*.md")
    }

    assert all(f"\n## {tool.name}\n" in reference["tools.md"] for tool in TOOLS)
    assert all(f"\n## oxtail {verb}\n" in reference["cli.md"] for verb in TABLES)
    assert all(f"`{each.variable}`" in reference["settings.md"] for each in NUMBERS.values())


def test_every_make_command_that_the_docs_name_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    named = {
        name
        for page in PAGES
        for name in re.findall(
            r"(?:^|`)make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE
        )
    }

    assert {"demo", "test"} <= named
    assert named <= targets


def test_a_word_of_the_glossary_stands_once_for_each_of_its_senses() -> None:
    """A second sense says what it is a sense of: ``| acknowledge | of trouble: ... |``."""
    rows = re.findall(
        r"^\| ([^|]+) \| (of )?", (ROOT / "docs" / "glossary.md").read_text("utf-8"), re.MULTILINE
    )

    assert len(rows) > 100
    assert [pair for pair, count in Counter(rows).items() if count > 1] == []
