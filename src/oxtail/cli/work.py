"""``oxtail work``, ``complete``, ``block``, ``decline``, ``reassign``: delegated work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from oxtail.app import work
from oxtail.cli.bodies import body_of
from oxtail.cli.opening import acting, looking
from oxtail.cli.output import Outcome, Output, indented, one_line
from oxtail.trace import timestamp

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.app.work_results import CloseResult, OpenItem, OpenWorkResult
    from oxtail.cli.parser import Options
    from oxtail.core.notice import Notice

NOTICES_SHOWN: Final = 20
"""Most notices that are shown; the file has the others."""

NOTICE_SECONDS: Final = 86_400
"""Age of a notice from which it is no longer shown."""

_HOUR = 3_600


def _age(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 2 * _HOUR:
        return f"{seconds // 60} min"
    return f"{seconds // _HOUR} h" if seconds < 48 * _HOUR else f"{seconds // (24 * _HOUR)} d"


def _due(deadline: int | None, is_overdue: bool) -> list[str]:
    if deadline is None:
        return []
    return [("OVERDUE since " if is_overdue else "due ") + timestamp(deadline)]


def _item_text(item: OpenItem) -> str:
    message = item.owed.message
    facts = [message.id, _age(max(0, item.now - message.enqueued_at)), item.owed.state.value]
    facts += _due(message.deadline, item.is_overdue)
    facts.append(f"from {message.from_session_id or 'a sender without session id'}")
    return f"{one_line(' | '.join(facts))}\n{indented(message.body)}"


def _wait_text(wait: dict[str, Any], shows_waiter: bool) -> str:
    facts = [wait["message_id"] or "unknown", _age(wait["age_seconds"]), wait["kind"]]
    facts.append(wait["stage"])
    facts += _due(wait["deadline"], wait["overdue"])
    if wait["orphaned"]:
        facts.append(f"nobody ends it: {wait['orphaned']}")
    if shows_waiter:
        facts.append(f"{wait['from_session_id']} waits")
    facts.append(f"for {wait['to_session_id'] or 'somebody unknown'}")
    return one_line(" | ".join(facts))


def _waits(ctx: Context, options: Options) -> list[dict[str, Any]]:
    import os

    from oxtail.app.graph import wait_graph

    project = os.path.abspath(options.project) if options.project else None
    result = wait_graph(ctx, project_root=project, everywhere=options.everywhere)
    waits: list[dict[str, Any]] = result.as_dict()["waits"]
    mine = ctx.session.ids()
    return [wait for wait in waits if not mine or wait["from_session_id"] in mine]


def _notices(ctx: Context) -> list[Notice]:
    """Return what a person should know of the last day: overdue work, stopped loops, lost mail."""
    since = ctx.clock.now() - NOTICE_SECONDS
    return [notice for notice in ctx.notices.recent(NOTICES_SHOWN) if notice.at >= since]


def listing(ctx: Context, options: Options, owed: OpenWorkResult | None) -> Outcome:
    """Return what is open: of a session both sides, else all that anybody waits for."""
    waits = _waits(ctx, options)
    members: dict[str, Any] = {"schema_version": 1, "ok": True, "session_id": ctx.session.id}
    pieces = []
    if owed is not None:
        shown = owed.as_dict()
        members.update({name: shown[name] for name in shown if name not in members})
        pieces += [_item_text(item) for item in owed.items] or ["nothing is owed"]
    members["waits"] = waits
    if waits:
        lines = [_wait_text(wait, shows_waiter=owed is None) for wait in waits]
        pieces.append("\n".join(["waiting for:" if owed is not None else "open:", *lines]))
    elif owed is None:
        pieces.append("nothing is open")
    if notices := _notices(ctx):
        lines = [one_line(f"{timestamp(each.at)} | {each.kind} | {each.text}") for each in notices]
        pieces.append("\n".join(["notices:", *lines]))
    members["notices"] = [notice._asdict() for notice in notices]
    remark = f"{owed.deferred} more are open" if owed is not None and owed.deferred else None
    return Outcome(members, "\n\n".join(pieces), remark=remark)


def describe(result: CloseResult) -> Outcome:
    """Return how the work ends, and what its requester knows of that."""
    state = result.state.value
    if result.already_closed:
        lines = [f"{result.message_id} was {state} before; nothing was sent"]
    elif result.reassigned_to:
        lines = [f"{result.message_id} {state} to {result.reassigned_to}"]
        lines.append(f"  it is {result.reassigned_message_id} there")
    else:
        lines = [f"{result.message_id} {state}"]
        if result.completion_id:
            lines.append(f"  {result.completion_id} stored for {result.requester}")
    if result.note and not result.already_closed:
        lines.append(f"  {result.note}")
    if result.wake.status:
        reason = f" ({result.wake.reason})" if result.wake.reason else ""
        lines.append(f"  wake: {result.wake.status}{reason}")
    return Outcome(
        result.as_dict(),
        "\n".join(map(one_line, lines)),
        committed=f"{result.message_id} is {state}",
    )


def _look(options: Options) -> Outcome:
    if options.graph:
        from oxtail.cli.graph import graph

        return graph(looking(options), options)
    ctx = looking(options)
    owed = work.open_work(ctx) if ctx.session.id else None
    return listing(ctx, options, owed)


def _close(verb: str, options: Options) -> CloseResult:
    body = body_of(options.body)
    with acting(options, needs_identity=True) as ctx:
        if verb == "reassign":
            return work.reassign(ctx, options.message_id, options.target, body, wake=options.wake)
        close = {"complete": work.complete, "block": work.block, "decline": work.decline}[verb]
        return close(ctx, options.message_id, body, wake=options.wake)


def run(options: Options, output: Output) -> Outcome:
    """Show what is open, or close a piece of it."""
    if output.command == "work":
        return _look(options)
    return describe(_close(output.command, options))
