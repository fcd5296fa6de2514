"""The parts of a report that are words: the fleet now, its trouble, open work, and the messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.fleet_words import age, badges, client, state
from oxtail.core.plain import plain
from oxtail.report.markup import Html, joined, tag
from oxtail.report.story import Kind
from oxtail.report.words import due, kind, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from oxtail.core.fleet import Fleet
    from oxtail.core.fleet_agent import Agent
    from oxtail.report.story import Said, Story

AGENTS_MAX: Final = 300
OBLIGATIONS_MAX: Final = 500
TROUBLES_MAX: Final = 200
"""Most rows of each table."""

_LEVELS: Final = {
    "bad": "wrong",
    "warn": "look",
    "hint": "perhaps",
    "you": "you",
    "fine": "fine",
}
_BADGES_APART: Final = ("mail", "work")


def table(caption: str, heads: Sequence[str], rows: Iterable[Html]) -> Html:
    """Return a table; it scrolls for itself where it is too wide."""
    made = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))),
        tag("tbody", *rows),
    )
    return tag("div", made, class_="scroll")


def row(*cells: str, class_: str | None = None) -> Html:
    """Return a row of a table."""
    return tag("tr", *(tag("td", cell) for cell in cells), class_=class_)


def cut(shown: int, of: int, what: str) -> Html:
    """Return the remark that of *of* things only *shown* are here; nothing where all are."""
    return tag("p", f"{of - shown} more {what} left out.", class_="note") if of > shown else Html()


def attention(fleet: Fleet) -> Html:
    """Return what a person should look at, the worst first."""
    items = [
        tag("li", tag("b", _LEVELS[each.level]), each.text, class_=each.level)
        for each in fleet.attention
    ]
    return tag("ul", *items, class_="attention") if items else tag("p", "Nobody is here.")


def agents(fleet: Fleet) -> Html:
    """Return everybody with what decides their state."""
    everybody = [*((each, False) for each in fleet.agents), *((e, True) for e in fleet.background)]
    shown = everybody[:AGENTS_MAX]
    heads = ("agent", "client", "state", "why", "unread", "owes", "more", "purpose")
    made = table(
        "Everybody in the fleet, the dead last",
        heads,
        (_agent(each, is_behind, fleet.at) for each, is_behind in shown),
    )
    return joined(made, cut(len(shown), len(everybody), "agents"))


def _agent(agent: Agent, is_behind: bool, at: float) -> Html:
    more = [each.text for each in badges(agent, at) if each.kind not in _BADGES_APART]
    more += ["in the background"] if is_behind else []
    more += ["waits for a person"] if agent.awaiting_human else []
    unread = f"{agent.unread}{'' if agent.unread_sure else '?'}"
    late = f" ({agent.overdue} overdue)" if agent.overdue else ""
    return row(
        f"{agent.label}{' (who looked)' if agent.is_self else ''}",
        client(agent),
        state(agent),
        agent.verdict.why,
        unread,
        f"{len(agent.obligations)}{late}",
        "; ".join(more),
        f"{'(old) ' if agent.purpose_stale else ''}{agent.purpose or ''}",
        class_="bad" if agent.is_dead else None,
    )


def troubles(fleet: Fleet) -> Html:
    """Return what is wrong, also what a person knows of."""
    if not fleet.troubles:
        return tag("p", "Nothing is wrong.")
    shown = fleet.troubles[:TROUBLES_MAX]
    rows = (
        row(
            each.kind.value.replace("_", " "),
            each.text,
            f"{each.open_parts} of {len(each.parts)}" if each.is_open else "all acknowledged",
            class_="bad" if each.is_open else None,
        )
        for each in shown
    )
    made = table("What nobody in the fleet will end", ("kind", "what", "not acknowledged"), rows)
    return joined(made, cut(len(shown), len(fleet.troubles), "troubles"))


def remarks(fleet: Fleet) -> Html:
    """Return notices, findings and warnings; nothing where there are none."""
    lines = [joined(moment(each.at), f" {each.kind}: {each.text}") for each in fleet.notices]
    lines += [joined(f"{each.level}: {each.problem} {each.remedy}") for each in fleet.findings]
    lines += [joined(f"warning: {each}") for each in fleet.warnings]
    if fleet.truncated:
        lines.append(joined("warning: there is more than was looked at"))
    return tag("ul", *(tag("li", each) for each in lines)) if lines else Html()


def open_work(fleet: Fleet) -> Html:
    """Return all work that is owed, what is due first first."""
    owed = [
        (each, agent) for agent in (*fleet.agents, *fleet.background) for each in agent.obligations
    ]
    if not owed:
        return tag("p", "Nobody owes work.")
    last = float("inf")
    owed.sort(key=lambda pair: (last if pair[0].deadline is None else pair[0].deadline,
                                pair[0].since, pair[0].message_id))  # fmt: skip
    shown = owed[:OBLIGATIONS_MAX]
    rows = (
        row(
            f"{agent.label}{' (not running)' if agent.is_dead else ''}",
            each.requester_label,
            each.state,
            age(fleet.at - each.since),
            moment(each.deadline),
            due(each.deadline, fleet.at),
            each.text,
            class_="bad" if each.overdue or agent.is_dead else None,
        )
        for each, agent in shown
    )
    heads = ("who owes", "to whom", "state", "since", "deadline", "that is", "what")
    made = table("Open work, what is due first on top", heads, rows)
    return joined(made, cut(len(shown), len(owed), "pieces of work"))


def filter_form(story: Story) -> Html:
    """Return the form that filters messages; without the script it stays hidden."""
    who = [tag("option", "everybody", value="")]
    who += [tag("option", lane.label, value=str(n)) for n, lane in enumerate(story.lanes)]
    kinds = [tag("option", "all kinds", value="")]
    kinds += [tag("option", each.value, value=each.value) for each in Kind]
    kinds.append(tag("option", "from the operator", value="operator"))
    return tag(
        "form",
        tag("label", "words", tag("input", type="search", name="words", autocomplete="off")),
        tag("label", "sent or received by", tag("select", *who, name="who")),
        tag("label", "kind", tag("select", *kinds, name="kind")),
        tag("p", id="count", role="status"),
        id="filter",
        hidden=True,
        role="search",
        aria_label="Filter the messages",
    )


def messages(story: Story) -> Html:
    """Return every message with its text, oldest first."""
    if not story.said:
        return tag("p", "No messages.")
    places = {lane.key: str(place) for place, lane in enumerate(story.lanes)}
    others = places.get("others", "")
    return Html("".join(_message(each, places, others) for each in story.said))


def _message(said: Said, places: dict[str, str], others: str) -> Html:
    lanes = (places.get(each, others) for each in (said.sender, said.receiver))
    kinds = [said.kind.value, *(["operator"] if said.by_operator else [])]
    facts = [tag("code", plain(said.message_id, 64))]
    if said.ends:
        word = "ends work" if said.kind is Kind.RESULT else "answers"
        facts.append(joined(f"{word} ", tag("a", f"number {said.ends}", href=f"#m{said.ends}")))
    if said.ended_by:
        word = "ended by" if said.kind is Kind.WORK else "answered by"
        link = tag("a", f"number {said.ended_by}", href=f"#m{said.ended_by}")
        facts.append(joined(f"{word} ", link))
    if said.deadline is not None:
        facts.append(joined("due ", moment(said.deadline)))
    if said.missing:
        facts.append(joined(f"{said.missing} more characters are not shown"))
    return tag(
        "article",
        tag(
            "h3",
            f"{said.number}. {said.sender_label} to {said.receiver_label} ",
            tag(
                "span",
                f"{kind(said)}{', from the operator' if said.by_operator else ''}",
                class_="kind",
            ),
        ),
        tag("p", moment(said.at), *(joined(" · ", each) for each in facts), class_="dim"),
        tag("pre", said.body),
        class_=f"message{' operator' if said.by_operator else ''}",
        id=f"m{said.number}",
        data_lanes=" ".join(lanes),
        data_kinds=" ".join(kinds),
    )
