"""``oxtail message``: what the person at the screen says to an agent, or to all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.app.operator import nudge, tell, tell_all
from oxtail.cli.bodies import body_of
from oxtail.cli.fleets import fleet_of
from oxtail.cli.opening import looking
from oxtail.cli.output import Outcome, Output, one_line
from oxtail.core.operator import choose, receivers
from oxtail.errors import OxtailError, UsageError

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.app.operator import Told
    from oxtail.cli.parser import Options

NOT_SENT = OxtailError.exit_status
"""Exit status of a broadcast that was only shown, or that failed for somebody."""


def _check(options: Options) -> None:
    if options.broadcast and (options.nudge or options.attach):
        raise UsageError("--broadcast takes text alone")
    if not options.broadcast and (options.yes or options.include_main):
        raise UsageError("--yes and --include-main go with --broadcast")
    if options.nudge and (options.body or options.attach):
        raise UsageError("--nudge has a text of its own, and no files")
    if not (options.body or options.nudge or options.attach):
        raise UsageError("TEXT is missing")


def _said(told: Told, label: str) -> str:
    lines = [f"{told.message_id} stored for {one_line(label)}", f"  wake: {told.wake_status}"]
    lines += [f"  attached: {one_line(each.path)}" for each in told.attached]
    if told.unclaimed:
        lines.append("  it has not said who it is; the mail waits for its process")
    return "\n".join(lines)


def _to_all(ctx: Context, options: Options, text: str) -> Outcome:
    fleet = fleet_of(ctx, options)
    agents = receivers(fleet, cap=options.cap, include_self=options.include_main)
    if not options.yes:
        labels = [agent.label for agent in agents]
        return Outcome(
            {
                "schema_version": 1,
                "ok": False,
                "preview": True,
                "receivers": [{"agent": agent.key, "label": agent.label} for agent in agents],
            },
            "\n".join(["nothing was sent; --yes sends it to:", *(f"  {each}" for each in labels)]),
            exit_status=NOT_SENT,
        )
    rows = tell_all(ctx, agents, text, wake=not options.no_wake)
    texts = []
    for row in rows:
        if row.told:
            texts.append(_said(row.told, row.agent.label))
        elif row.error:
            texts.append(f"{row.agent.label}: {row.error.message} [{row.error.code}]")
    return Outcome(
        {
            "schema_version": 1,
            "ok": any(row.told for row in rows),
            "results": [row.as_dict() for row in rows],
        },
        "\n".join(texts),
        exit_status=NOT_SENT if any(row.error for row in rows) else 0,
        committed="messages are stored" if any(row.told for row in rows) else None,
    )


def run(options: Options, output: Output) -> Outcome:  # noqa: ARG001 - as all verbs
    """Send the message."""
    _check(options)
    text = body_of(options.body) if options.body else ""
    ctx = looking(options)
    if options.broadcast:
        return _to_all(ctx, options, text)
    agent = choose(fleet_of(ctx, options), options.target)
    if options.nudge:
        told = nudge(ctx, agent, wake=not options.no_wake)
    else:
        told = tell(ctx, agent, text, options.attach or (), wake=not options.no_wake)
    return Outcome(
        told.as_dict(),
        _said(told, agent.label),
        committed=f"message {told.message_id} is stored",
    )
