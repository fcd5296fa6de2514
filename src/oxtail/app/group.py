"""Send one message to several peers, each on its own: what fails for one stops no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from oxtail.app.locate import find, project_key
from oxtail.app.send import send
from oxtail.core.address import TARGET_MAX_CHARS
from oxtail.core.entry import Entry
from oxtail.core.envelope import check_body
from oxtail.core.names import hash32
from oxtail.core.scope import same_project
from oxtail.core.value import Value
from oxtail.errors import (
    BadArgument,
    NoSessionId,
    OxtailError,
    PeerHasNoSessionId,
    TargetNotFound,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oxtail.app.context import Context
    from oxtail.app.results import SendResult

EVERYBODY: Final = "all"
"""Target that means every other session of the project that runs, on whatever host; a peer of this
name is addressed by its session id."""

GROUP_MAX: Final = 32
"""Most targets that may be named in one send."""


class Row(Value):
    """What became of the message for one target.

    Attributes:
        target: As the caller named it; with :data:`EVERYBODY`, its session id.
        result: What is known after the send; None where it failed.
        error: Why it failed.
        same_as: The earlier target that named the same session, which gets the message once.
    """

    target: str
    result: SendResult | None = None
    error: OxtailError | None = None
    same_as: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the session has the message."""
        return self.result is not None

    def as_dict(self) -> dict[str, Any]:
        """Return the members that apply."""
        if self.error:
            return {
                "target": self.target,
                "ok": False,
                "error": self.error.code,
                "message": self.error.message,
                **self.error.fields,
            }
        assert self.result is not None
        members = self.result.as_dict()
        del members["schema_version"]
        if self.same_as is not None:
            members["same_as"] = self.same_as
        return {"target": self.target, **members}


class GroupResult(Value):
    """What became of a message to several targets, one row each, in their order."""

    rows: tuple[Row, ...]

    @property
    def ok(self) -> bool:
        """Whether at least one session has the message."""
        return any(row.ok for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Return the members."""
        return {
            "schema_version": 1,
            "ok": self.ok,
            "results": [row.as_dict() for row in self.rows],
        }


def is_group(target: object) -> bool:
    """Tell whether *target* means several sessions: a list, or the word ``all``."""
    return not isinstance(target, str) or target == EVERYBODY


def send_many(
    ctx: Context,
    targets: Iterable[str],
    body: str,
    *,
    idempotency_key: str | None = None,
    **options: Any,
) -> GroupResult:
    """Send *body* to each of *targets*; the options are those of :func:`oxtail.app.send.send`.

    Each target gets a message of its own, with its own id.  A session that is named twice gets it
    once.  The caller is left out of ``all``; named, it is an error in its row.

    Args:
        ctx: The caller's context.
        targets: 1 to 32 targets, or the one word ``all``.
        body: 1 to 8192 UTF-8 bytes.
        idempotency_key: Names the message to each session in each try.  A deadline that has
            passed since the first try is an error for those alone that have not got it.
        options: See above.

    Raises:
        TargetNotFound: ``all``, and no other session of the project runs.
        BadArgument: an argument is malformed; nothing was sent.
        NoSessionId: a key was given, and this session has not said who it is.
        StoreError: the registry could not be read; nothing was sent.
    """
    check_body(body)
    if idempotency_key is not None:
        from oxtail.app.repeat import message_id_for

        message_id_for(ctx, idempotency_key)
    everybody = targets == EVERYBODY
    named = _others(ctx) if everybody else _checked(targets)
    rows: list[Row] = []
    done: dict[object, Row] = {}
    for label, address in named:
        try:
            if address is None:
                raise PeerHasNoSessionId
            peer = find(ctx, address)
            who = peer.session_id or (peer.server_pid if isinstance(peer, Entry) else None)
            if before := done.get(who):
                rows.append(before._replace(target=label, same_as=before.target))
                continue
            key = _key_for(idempotency_key, peer.session_id)
            sent = send(ctx, address, body, idempotency_key=key, **options)
        except OxtailError as error:
            may_be_late = idempotency_key is not None or any(row.ok for row in rows)
            _check_same_for_all(error, may_be_late)
            rows.append(Row(label, error=error))
        else:
            done[who] = Row(label, sent)
            rows.append(done[who])
    return GroupResult(tuple(rows))


def _check_same_for_all(error: OxtailError, may_be_late: bool) -> None:
    """Raise *error* where it says that the call is wrong, and not that a target is.

    Where the deadline *may be late*, others have or may have got the message before it passed.
    """
    of_target = ("target", "deadline") if may_be_late else ("target",)
    is_of_target = not isinstance(error, BadArgument) or error.field in of_target
    if not is_of_target or isinstance(error, NoSessionId):
        raise error


def _checked(targets: Iterable[object]) -> list[tuple[str, str | None]]:
    try:
        named = [] if isinstance(targets, str) else list(targets)
    except TypeError:
        named = []
    if not 0 < len(named) <= GROUP_MAX:
        raise BadArgument("target", f"must be a list of 1 to {GROUP_MAX} targets")
    texts = [target for target in named if isinstance(target, str)]
    if len(texts) < len(named) or not all(0 < len(each) <= TARGET_MAX_CHARS for each in texts):
        raise BadArgument("target", f"each must have 1 to {TARGET_MAX_CHARS} characters")
    return [(target, target) for target in texts]


def _others(ctx: Context) -> list[tuple[str, str | None]]:
    """Return the other running sessions of the project, and by what each can be addressed."""
    me = ctx.session.entry
    here = ctx.projects.place(me.client.cwd)
    found = []
    for entry in ctx.registry.entries():
        is_me = entry.server_pid == me.server_pid or (
            entry.session_id is not None and entry.session_id in ctx.session.ids()
        )
        if is_me or not same_project(here, ctx.projects.place(entry.client.cwd)):
            continue
        address = entry.session_id or entry.name or entry.tmux_session
        found.append((address or f"process {entry.server_pid}", address))
    if ctx.hosts.are_known():
        found += _elsewhere(ctx)
    if not found:
        raise TargetNotFound("No other session of this project is running.")
    return found


def _elsewhere(ctx: Context) -> list[tuple[str, str | None]]:
    """Return the sessions of the project that run on other hosts."""
    project = project_key(ctx, ctx.session.entry)
    return [
        (each.session_id, f"{each.session_id}@{each.host_id}")
        for each in (ctx.hosts.neighbors() if project else ())
        if each.is_live and each.session.project == project
    ]


def _key_for(key: str | None, session_id: str | None) -> str | None:
    """Return the key of the message to one session: one key names one message to one receiver."""
    return hash32(f"{key}\0{session_id or ''}") if key else key
