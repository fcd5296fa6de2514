"""``oxtail policy``: whose mail is accepted, held or refused, and what is held."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from oxtail.app.held_mail import held_in_project
from oxtail.app.policy import held, release
from oxtail.app.rules import RulesResult, remove_rule, rules, set_rule
from oxtail.cli.inbox import message_text
from oxtail.cli.opening import looking
from oxtail.cli.output import Outcome, Output, one_line
from oxtail.core.policy import ACTIONS
from oxtail.errors import NoSessionId, UsageError

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.cli.parser import Options
    from oxtail.core.policy import Policy


def _rules_text(title: str, policy: Policy) -> list[str]:
    width = max(map(len, ACTIONS))
    lines = [f"  {rule.action:<{width}}  {one_line(rule.who)}" for rule in policy.rules]
    return [one_line(title), *(lines or ["  no rules: everybody is accepted"])]


def _shown(result: RulesResult) -> Outcome:
    lines = []
    if result.session_id is not None:
        lines += _rules_text(f"session {result.session_id}:", result.session)
    lines += _rules_text(f"project {result.project_root}:", result.project)
    return Outcome(result.as_dict(), "\n".join(lines))


def _ids(ctx: Context) -> tuple[str, ...]:
    if ctx.session.id is None:
        raise NoSessionId("Held mail is a session's: name it with --as ID.")
    return ctx.session.ids()


def _held(ctx: Context, sender: str | None) -> Outcome:
    messages = [each.message for each in held(ctx, ctx.session.ids(), sender)]
    members = {
        "schema_version": 1,
        "ok": True,
        "session_id": ctx.session.id,
        "count": len(messages),
        "messages": [message.as_dict() for message in messages],
    }
    text = "\n\n".join(message_text(message) for message in messages)
    return Outcome(members, text or "nothing is held")


def _held_in_project(ctx: Context, options: Options) -> Outcome:
    result = held_in_project(
        ctx,
        project=os.path.abspath(options.project) if options.project else None,
        everywhere=options.everywhere,
        who=options.sender,
    )
    texts = []
    for row in result.rows:
        who = f"{row.name} ({row.session_id})" if row.name else row.session_id
        head = f"held for {who}: oxtail policy release --as {row.session_id}"
        texts += [one_line(head), *map(message_text, row.messages)]
    place = f"the project {result.project_root}" if result.project_root else "any project"
    return Outcome(result.as_dict(), "\n\n".join(texts) or one_line(f"nothing is held in {place}"))


def _released(ctx: Context, sender: str | None) -> Outcome:
    ids = [message.id for message in release(ctx, _ids(ctx), sender)]
    members = {
        "schema_version": 1,
        "ok": True,
        "session_id": ctx.session.id,
        "count": len(ids),
        "message_ids": ids,
    }
    text = "\n".join(f"{message_id} let through" for message_id in ids)
    return Outcome(members, text or "nothing was held", committed=f"{len(ids)} let through")


def run(options: Options, output: Output) -> Outcome:  # noqa: ARG001 - as all verbs
    """Show, change, list or let through."""
    ctx = looking(options)
    if options.everywhere and options.do != "held":
        raise UsageError("--all belongs to held")
    if options.do in ("held", "release"):
        if options.who is not None:
            raise UsageError(f"{options.do} takes --from WHO")
        if options.do == "release":
            if options.project is not None:
                raise UsageError("release lets mail of one session through: name it with --as ID")
            return _released(ctx, options.sender)
        if options.project is not None or options.everywhere or ctx.session.id is None:
            return _held_in_project(ctx, options)
        return _held(ctx, options.sender)
    if options.sender is not None:
        raise UsageError("--from belongs to held and release")
    if options.do is None:
        return _shown(rules(ctx, options.project))
    if options.who is None:
        raise UsageError(f"{options.do} of whom? A session id, a name, a folder, or *")
    if options.do == "remove":
        return _shown(remove_rule(ctx, options.who, options.project))
    return _shown(set_rule(ctx, options.who, options.do, options.project))
