"""The page about the fleet: every member that ``oxtail status --json`` prints, and what decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from docgen.text import head, missing, table
from oxtail.core.activity import Activity, Family, Tool
from oxtail.core.census import BoxView, LedgerView, Letter
from oxtail.core.correlation import Ask, OpenAsk
from oxtail.core.envelope import Envelope
from oxtail.core.fleet_facts import AgentFacts, Facts
from oxtail.core.history import Record
from oxtail.core.jump import REFUSALS
from oxtail.core.liveness import Life, Reason
from oxtail.core.snapshot import snapshot
from oxtail.core.trouble import Kind
from oxtail.core.work import Owed, State

_RULES = """
`oxtail status --json` prints this as its `result`; the cockpit shows the same snapshot.
Members may be added; none is removed or changes its meaning.
Times are unix seconds, ages whole seconds, and null means unknown or none.
Texts of others are cleaned of everything that steers a terminal; ids are exact.
"""

_FLEET = {
    "schema_version": "1",
    "ok": "true",
    "project_root": "the project; null for all of them",
    "generated_at": "when the fleet was looked at",
    "self_session_id": "who looked, if that is a session",
    "healthy": "whether nothing is wrong that was not acknowledged; `--check` exits with 0 then",
    "agents": "the agents, the dead last, else in the order of their windows",
    "background": "agents that run outside every terminal and wait for nobody",
    "cycles": "circles of waits: `members` as short ids, `session_ids`, `all_live`, and `kind`: "
    "`deadlock`, `mutual` or `stale`",
    "counts": "the fleet in numbers, without its background but for `held`",
    "troubles": "what is wrong, also what was acknowledged",
    "attention": "what a person should look at, the worst first: `level` (`bad`, `warn`, `hint`, "
    "`you`, `fine`), `kind` and `text`",
    "notices": "lines for the human of the last day",
    "findings": "what doctor found and no agent has to do with, with `--doctor`",
    "warnings": "what could not be looked at",
    "truncated": "whether there was more than was looked at",
    "comms": "the latest messages, oldest first, with `--log`",
}

_AGENT = {
    "session_id": "its session, or null while it has said none",
    "short_id": "the beginning of that, or `pid:` and its process",
    "name": "the name that its user chose",
    "label": "what people call it; unique in the fleet",
    "window_name": "the name of its tmux window; a label, never an identity",
    "client_type": "`claude-code`, `codex` or `unknown`",
    "server_pid": "its process; null where only a record of it is left",
    "cwd": "its working folder",
    "is_self": "whether it is the one who looked",
    "liveness": "`active`, `idle` or `dead`",
    "liveness_reason": "what decided that; see below",
    "liveness_why": "the same in words, with the age that decided",
    "transcript_age_s": "how long ago its transcript was written to",
    "transcript_path": "its transcript",
    "proc_sig": "`ok`, `reused` or `unknown`: whether its process is the one of its entry",
    "pane_activity_age_s": "how long ago its pane had output; for show only",
    "pane_activity_at": "when that was",
    "purpose": "what it says of itself",
    "purpose_age_s": "how long ago it said so",
    "purpose_stale": "whether that is older than its work",
    "possibly_stalled": "whether nothing came for long, and nothing since it said its purpose",
    "awaiting_human": "whether it idles, waits for no peer, and so waits for a person",
    "hooks_say": "`busy`, `idle`, `stale` or `unknown`",
    "activity": "its tool call: `tool` (a family), `tool_raw`, `tool_running`",
    "unread": "messages that nobody was shown",
    "unread_confidence": "`low` if a box could not be read or understood as a whole",
    "held": "messages for it that a policy holds; `oxtail policy release` lets them through",
    "open_work": "pieces of work that it owes",
    "overdue_work": "of these, the ones past their deadline",
    "obligations": "these pieces: `message_id`, `requester`, `requester_label`, `state`, `since`, "
    "`deadline`, `overdue`, `text`",
    "waiting": "the worst of its waits",
    "waits": "all its waits, the worst first",
    "tmux_pane": "its pane, proved by the process tree at this look",
    "tmux_session": "the tmux session of that",
    "window_index": "the number of its window",
    "tail": "what its client shows of the turn that goes on, or `working`; null without one",
    "findings": "what doctor found about its files, with `--doctor`",
}

_WAITING = {
    "target_session_id": "who is waited for; null where no record tells",
    "target_short_id": "the beginning of that",
    "target_label": "who that is for people",
    "age_s": "since when",
    "orphaned": "whether nobody will end the wait",
    "in_cycle": "whether it is part of a circle",
    "cycle_all_live": "whether everybody in that circle runs",
    "repoke_attempts": "how often its own server has woken the other one for it",
    "kind": "`question` or `work`",
    "stage": "`waiting`, `pending`, `open`, `closing`, or `held`: a person has to let it through",
    "message_id": "the message that asked",
    "deadline": "when work is due",
    "overdue": "whether that has passed",
    "orphan": "`target_away`, `target_gone`, `asker_gone` or null",
    "deadlocked": "whether the circle is a deadlock",
}

_COMMS = {
    "message_id": "the message",
    "from_session_id": "the sender, if it said who it is",
    "from_label": "who that is; `operator` only where the provenance says so",
    "to_session_id": "the receiver",
    "to_label": "who that is",
    "body": "the whole text",
    "at": "when it was sent",
    "origin": "`peer` or `operator`",
    "request_id": "what an answer repeats",
    "reply_to": "what it answers",
    "action_required": "whether it is delegated work",
    "closed": "how that has ended: `done`, `blocked`, `declined`, `reassigned`",
}

_TROUBLE = {
    "kind": "see below",
    "session_ids": "whom it concerns",
    "text": "it in words",
    "message_ids": "the messages that it is about, some of them",
    "count": "of how many parts it consists",
    "acknowledged": "how many of these a person knows of",
}

_REASONS: Mapping[Reason, str] = {
    Reason.EXITED: "its process is gone",
    Reason.PID_REUSED: "its process id belongs to another process",
    Reason.TRANSCRIPT_FRESH: "its transcript was written to within `OXTAIL_OXPIT_ACTIVE_S`",
    Reason.PANE_FRESH: "its proved pane shows that it works, and its transcript is younger than "
    "`OXTAIL_OXPIT_STALL_S`",
    Reason.TOOL_RUNNING: "its tool call has no result, and its transcript is younger than that",
    Reason.MARKED_BUSY: "its hooks said busy within `OXTAIL_ACTIVITY_BUSY_TTL_MS`",
    Reason.NO_TRANSCRIPT: "it runs, and nothing tells when it last worked",
    Reason.IDLE: "nothing says that it works",
}

_KINDS: Mapping[Kind, str] = {
    Kind.DEADLOCK: "sessions that are blocked on each other",
    Kind.ORPHANED_WAIT: "a wait for somebody who does not run, or of somebody who is gone for good",
    Kind.STRANDED_WORK: "open work of somebody who does not run",
    Kind.STRANDED_MAIL: "unread mail of somebody who does not run",
}


_JUMP = """\
`oxtail jump` fails with `jump-refused` and has changed nothing.
Beside `reason`, `command` is what shows the pane in another terminal, or null, and `clients` lists the terminals to choose from, each with `name` and `session`.
"""


def _members() -> dict[str, Iterable[str]]:
    """Return the members of each kind of object, as a fleet in trouble has them."""
    sent = Envelope("0" * 16, "", 1, from_session_id="a", action_required=True)
    box = BoxView((Letter("0" * 16, 1, "a"),))
    tool = Activity(1.0, Tool("Bash", Family.BASH, True))
    fleet = snapshot(
        Facts(
            at=2.0,
            agents=(
                AgentFacts("a", 1, "codex", "/", activity=tool, ids=("a",)),
                AgentFacts("b", 2, "codex", "/", life=Life.EXITED, ids=("b",), boxes=(box,)),
            ),
            asks=(OpenAsk(Ask("a", "r", "b", "", 0, 1), False, 1.0),),
            ledgers={"b": LedgerView((Owed("b", sent, True, State.OPEN),))},
            records=(Record("b", "", sent),),
        )
    ).as_dict(comms=True)
    agent = next(each for each in fleet["agents"] if each["waits"])
    return {
        "fleet": fleet,
        "agent": agent,
        "wait": agent["waits"][0],
        "message": fleet["comms"][0],
        "trouble": fleet["troubles"][0],
    }


def _table(what: str, words: Mapping[str, str]) -> str:
    missing(f"the member of a {what}", _members()[what], words)
    return table(("member", "meaning"), ((f"`{name}`", text) for name, text in words.items()))


def page() -> str:
    """Return ``fleet.md``."""
    missing("the reason", [each.value for each in Reason], [each.value for each in _REASONS])
    missing("the trouble", [each.value for each in Kind], [each.value for each in _KINDS])
    reasons = ((f"`{each.value}`", text) for each, text in _REASONS.items())
    kinds = ((f"`{each.value}`", text) for each, text in _KINDS.items())
    return (
        head("The fleet", "src/oxtail/core/fleet.py")
        + _RULES
        + "\n## The whole\n\n"
        + _table("fleet", _FLEET)
        + "\n## An agent\n\n"
        + _table("agent", _AGENT)
        + "\n## What decides liveness\n\nThe first that holds counts.\n\n"
        + table(("`liveness_reason`", "because"), reasons)
        + "\n## A wait\n\n"
        + _table("wait", _WAITING)
        + "\n## A trouble\n\n"
        + _table("trouble", _TROUBLE)
        + "\n"
        + table(("`kind`", "what it is"), kinds)
        + "\n## A message of the log\n\n"
        + _table("message", _COMMS)
        + "\n## Why a jump was refused\n\n"
        + _JUMP
        + "\n"
        + table(("`reason`", "meaning"), ((f"`{r}`", text) for r, text in REFUSALS.items()))
    )
