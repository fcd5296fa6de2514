"""Looking at the rules of a session or a project, and changing them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from oxtail.core.policy import Policy, Rule, as_list
from oxtail.core.value import Value
from oxtail.errors import BadArgument, NoSessionId

if TYPE_CHECKING:
    from oxtail.app.context import Context


class RulesResult(Value):
    """The rules that hold for a session and for a project.

    Attributes:
        session_id: The session, None where only the project was asked about.
        session: Its rules; they decide before those of the project.
        project_root: The project.
        project: Its rules.
        who: The sender whose rule was changed, as it is written in the rules.
    """

    session_id: str | None
    session: Policy
    project_root: str
    project: Policy
    who: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the members."""
        members: dict[str, Any] = {
            "schema_version": 1,
            "ok": True,
            "session_id": self.session_id,
            "session_rules": as_list(self.session),
            "project_root": self.project_root,
            "project_rules": as_list(self.project),
        }
        if self.who is not None:
            members["who"] = self.who
        return members


def rules(ctx: Context, project: str | None = None) -> RulesResult:
    """Return the rules of this session, and of the project at *project* or of its own.

    Raises:
        StoreError: a policy cannot be read.
    """
    root = ctx.projects.place(os.path.abspath(project or ctx.session.entry.client.cwd)).root
    return RulesResult(ctx.session.id, _of_session(ctx), root, ctx.policies.of_project(root))


def set_rule(ctx: Context, who: str, action: str, project: str | None = None) -> RulesResult:
    """Set what happens to mail of *who*: for this session, or for the project at *project*.

    Args:
        ctx: The caller's context.
        who: A session id, a chosen name, a folder of a project, or ``*`` for everybody.  What
            begins with ``/``, ``./``, ``../`` or ``~`` is a folder, and means its project.
        action: ``accept``, ``hold`` or ``refuse``.
        project: A folder of the project whose rules are changed.

    Raises:
        NoSessionId: neither a session nor a project is named.
        BadArgument: *who* or *action* cannot be used; nothing has changed.
        StoreError: the policy cannot be read or written; nothing has changed.
    """
    rule = Rule(_meant(ctx, who), action)
    _check_owner(ctx, project)
    with ctx.policies.changing():
        found = rules(ctx, project)
        return _write(ctx, found, project, lambda policy: policy.with_rule(rule), rule.who)


def remove_rule(ctx: Context, who: str, project: str | None = None) -> RulesResult:
    """Remove the rule about *who*; arguments and errors as for :func:`set_rule`.

    Raises:
        BadArgument: there is no such rule.
    """
    meant = _meant(ctx, who)
    _check_owner(ctx, project)
    with ctx.policies.changing():
        found = rules(ctx, project)
        policy = found.session if project is None else found.project
        if all(rule.who != meant for rule in policy.rules):
            raise BadArgument("who", "has no rule here")
        return _write(ctx, found, project, lambda policy: policy.without(meant), meant)


def _check_owner(ctx: Context, project: str | None) -> None:
    if project is None and ctx.session.id is None:
        raise NoSessionId("Whose rules: a session's (--as ID), or a project's (--project PATH)?")


def _write(
    ctx: Context, found: RulesResult, project: str | None, change: Any, who: str
) -> RulesResult:
    if project is not None:
        changed = found._replace(project=change(found.project), who=who)
        ctx.policies.set_project(found.project_root, changed.project)
        return changed
    assert found.session_id is not None
    changed = found._replace(session=change(found.session), who=who)
    ctx.policies.set_session(found.session_id, changed.session)
    for former in ctx.session.ids()[1:]:  # their rules are among the new ones
        if ctx.policies.of_session(former).rules:
            ctx.policies.set_session(former, Policy())
    return changed


def _of_session(ctx: Context) -> Policy:
    """Return the rules of this session under all its ids; of two about one sender the newer."""
    policy = Policy()
    for session_id in reversed(ctx.session.ids()):
        for rule in ctx.policies.of_session(session_id).rules:
            policy = policy.with_rule(rule)
    return policy


def _meant(ctx: Context, who: str) -> str:
    if who.startswith(("/", "./", "../", "~")) or who in (".", ".."):
        return ctx.projects.place(os.path.abspath(os.path.expanduser(who))).root
    return who
