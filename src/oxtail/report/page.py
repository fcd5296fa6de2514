"""The whole report: one page that loads nothing, runs nothing of others, and ends.

The rule: a pure function of :class:`~oxtail.report.facts.Past`.  The page forbids everything but
its own style and script, by their hashes; all else in it is text, escaped in
:mod:`oxtail.report.markup`.  Its size is bounded, and what was cut is said.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Final

from oxtail.core.digest import sha256_hex
from oxtail.core.fleet_labels import labeller
from oxtail.core.plain import plain
from oxtail.report import sections, waits
from oxtail.report.keys import timeline_key, waits_key
from oxtail.report.markup import Html, joined, tag
from oxtail.report.script import SCRIPT
from oxtail.report.story import BODIES_MAX_BYTES, BODY_MAX_CHARS, DRAWN_MAX, MESSAGES_MAX, story_of
from oxtail.report.style import STYLE
from oxtail.report.timeline import timeline
from oxtail.report.words import moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.core.fleet import Fleet
    from oxtail.report.facts import Past
    from oxtail.report.story import Story

PAGE_MAX_BYTES: Final = 12 * 1024 * 1024
"""No report is larger; a test makes the largest one."""

PATH_MAX_CHARS: Final = 400
PROBLEMS_MAX: Final = 100

_PARTS: Final = (
    ("now", "The fleet now"),
    ("trouble", "Trouble"),
    ("waits", "Who waits for whom"),
    ("work", "Open work"),
    ("timeline", "Timeline"),
    ("messages", "Messages"),
)


def _hash(text: str) -> str:
    return "'sha256-" + b64encode(bytes.fromhex(sha256_hex(text.encode()))).decode() + "'"


def page(past: Past, story: Story | None = None) -> str:
    """Return the report of *past* as HTML, with a last line end.

    Args:
        past: What it is about.
        story: What :func:`~oxtail.report.story.story_of` made of that, if it was.
    """
    story = story or story_of(past)
    fleet = past.fleet
    policy = (
        f"default-src 'none'; style-src {_hash(STYLE)}; script-src {_hash(SCRIPT)}; "
        "base-uri 'none'; form-action 'none'"
    )
    place = "all projects"
    if fleet.project_root is not None:
        place = plain(fleet.project_root.rstrip("/").rpartition("/")[2] or "/", 80)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        # Before everything that it rules over.
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"oxtail report: {place}"),
        Html(f"<style>{STYLE}</style>"),
    )
    body = tag("body", *_body(past, story, place), Html(f"<script>{SCRIPT}</script>"))
    return f'<!doctype html>\n<html lang="en">{head}{body}</html>\n'


def _body(past: Past, story: Story, place: str) -> tuple[Html, ...]:
    fleet = past.fleet
    label = labeller(
        {each.session_id: each.label for each in fleet.agents + fleet.background if each.session_id}
    )
    made = (
        joined(sections.attention(fleet), sections.agents(fleet)),
        joined(sections.troubles(fleet), sections.remarks(fleet)),
        _waits(fleet, label),
        sections.open_work(fleet),
        _timeline(story),
        joined(_about_messages(past, story), sections.filter_form(story), sections.messages(story)),
    )
    parts = [
        tag("section", tag("h2", title, id=name), part, aria_labelledby=name)
        for (name, title), part in zip(_PARTS, made, strict=True)
    ]
    links = [tag("a", title, href=f"#{name}") for name, title in _PARTS]
    return (
        tag("header", tag("h1", f"Fleet of {place}"), _about(fleet), tag("nav", *links)),
        tag("main", *parts),
    )


def _about(fleet: Fleet) -> Html:
    counts = fleet.counts
    root = fleet.project_root
    numbers = (
        f"{counts.agents} agents: {counts.active} active, {counts.idle} idle, {counts.dead} dead"
    )
    if counts.background:
        numbers += f"; {counts.background} in the background"
    where = joined(tag("code", plain(root, PATH_MAX_CHARS)), " · ") if root else Html()
    seen = tag("p", where, "seen ", moment(fleet.at), " (all times are UTC)", class_="dim")
    return joined(seen, tag("p", numbers))


def _waits(fleet: Fleet, label: Callable[[str], str]) -> Html:
    graph = fleet.graph
    if not graph.waits:
        return tag("p", "Nobody waits for anybody.")
    drawn, left_out = waits.picture(graph, label)
    note = (
        tag("p", f"The picture leaves out {left_out} sessions.", class_="note")
        if left_out
        else Html()
    )
    return joined(
        waits.circles(graph, label),
        tag(
            "div",
            drawn,
            class_="frame",
            tabindex="0",
            role="group",
            aria_label="Wait graph, scrolls",
        ),
        note,
        waits_key(),
        tag("div", waits.table(graph, label), class_="scroll"),
        sections.cut(min(len(graph.waits), waits.WAITS_MAX), len(graph.waits), "waits"),
    )


def _timeline(story: Story) -> Html:
    if not story.said:
        return tag("p", "No messages, so nothing to draw.")
    older = len(story.said) - DRAWN_MAX
    note = (
        tag("p", f"{older} older messages are not drawn.", class_="note") if older > 0 else Html()
    )
    return joined(
        timeline(story),
        note,
        timeline_key(),
    )


def _about_messages(past: Past, story: Story) -> Html:
    many = len(story.said)
    about = (
        f"{many} message{'' if many == 1 else 's'}, oldest first: what the ledgers still hold, "
        "which is no audit log. The texts are their senders'."
    )
    lines = [about]
    if past.since is not None:
        lines.append(joined("Nothing older than ", moment(past.since), " was asked for."))
    if past.until is not None:
        lines.append(joined("Nothing younger than ", moment(past.until), " was asked for."))
    lines += cuts(story)
    lines += [
        f"Ledger {each.ledger}: {plain(each.problem)}" for each in past.problems[:PROBLEMS_MAX]
    ]
    return Html("".join(tag("p", line, class_="note") for line in lines))


def cuts(story: Story) -> tuple[str, ...]:
    """Return what of *story* is not in the page, in sentences."""
    found = []
    if story.left_out:
        found.append(
            f"Older messages are left out: a report has at most {MESSAGES_MAX}, with "
            f"{BODIES_MAX_BYTES // 1_048_576} MiB of text."
        )
    if story.cut:
        found.append(f"{story.cut} texts are cut after {BODY_MAX_CHARS} characters.")
    return tuple(found)
