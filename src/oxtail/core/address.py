"""From what a caller types to the one session that is meant.

The rule: a target names one session of the caller's project, or nobody.  It is tried as a session
id, then as a chosen name, then as a tmux session; the first that a session of the project answers
to decides.  Nothing about sessions of other projects is told beyond that they are elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.names import held_box, is_uuid_shape, session_box
from oxtail.core.value import Value
from oxtail.errors import AmbiguousTarget, BadArgument, CrossProject, SelfSend, TargetNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oxtail.core.entry import Entry, Known

TARGET_MAX_CHARS: Final = 512
"""Longest target; more than any session id, chosen name or tmux session has."""


class Route(Value):
    """Where mail for one receiver goes.

    Attributes:
        box: Its box (:mod:`oxtail.core.names`).
        session_id: Whose ledger gets the reply handle; None for a receiver that has not said who
            it is, which then cannot reply by message id.
        server_pid: Its server process, None while it is not running.
        is_held: Whether a person has to let the mail through first; only then it is received, so
            no ledger has it before.
    """

    box: str
    session_id: str | None
    server_pid: int | None
    is_held: bool = False


def route_to(entry: Entry) -> Route:
    """Return where mail for the running session of *entry* goes."""
    return Route(entry.box, entry.session_id, entry.server_pid)


def route_to_known(known: Known) -> Route:
    """Return where mail for a session that is not running waits for it."""
    return Route(session_box(known.session_id), known.session_id, None)


def route_to_held(peer: Entry | Known) -> Route:
    """Return where mail for *peer* waits until a person lets it through.

    Raises:
        ValueError: *peer* has not said who it is.
    """
    session_id = peer.session_id or ""
    return Route(held_box(session_id), session_id, getattr(peer, "server_pid", None), is_held=True)


def _is_same(a: Entry, b: Entry) -> bool:
    return a.server_pid == b.server_pid or (
        a.session_id is not None and a.session_id == b.session_id
    )


def _ways(target: str) -> tuple[Callable[[Entry], bool], ...]:
    """Return the tests that *target* is tried with, in order."""
    if is_uuid_shape(target):
        return (lambda entry: entry.session_id == target,)
    return (
        lambda entry: entry.session_id == target,
        lambda entry: entry.name == target,
        lambda entry: entry.tmux_session == target,
    )


def _ambiguous(session_ids: Sequence[str | None], target: str) -> AmbiguousTarget:
    claimed = sorted(session_id for session_id in session_ids if session_id)
    unclaimed = len(session_ids) - len(claimed)
    if not unclaimed:
        return AmbiguousTarget(candidates=claimed)
    return AmbiguousTarget(
        candidates=claimed,
        note=f"{unclaimed} of the sessions that answer to {target[:64]!r} have not said who they "
        "are; after each of them has called claim_session, its session id is a target.",
    )


def _running(
    target: str, me: Entry, entries: Sequence[Entry], in_project: Callable[[str], bool]
) -> tuple[Entry | None, bool, bool]:
    """Return the running session, whether self answered, and whether one elsewhere did."""
    self_answers = elsewhere = False
    for answers in _ways(target):
        self_answers = self_answers or answers(me)
        others = [entry for entry in entries if answers(entry) and not _is_same(entry, me)]
        here = [entry for entry in others if in_project(entry.client.cwd)]
        if len(here) > 1:
            raise _ambiguous([entry.session_id for entry in here], target)
        if here:
            return here[0], self_answers, elsewhere
        elsewhere = elsewhere or bool(others)
    return None, self_answers, elsewhere


def _itself(session_id: str) -> str:
    return session_id


def _returning(
    target: str,
    me: Entry,
    known: Sequence[Known],
    in_project: Callable[[str], bool],
    heir: Callable[[str], str],
) -> tuple[Known | None, bool, bool]:
    """Return the session known to return, whether self answered, and whether one elsewhere did."""
    by_id = [record for record in known if record.session_id == target]
    by_name = [] if is_uuid_shape(target) else [r for r in known if r.name and r.name == target]
    found = []
    for record in by_id or by_name:
        now = heir(record.session_id)
        # The heir's own records say where it works now; without any, what is known of its past.
        own = [each for each in known if each.session_id == now] if now != record.session_id else []
        found += own or [record._replace(session_id=now)]
    others = [record for record in found if record.session_id != me.session_id]
    here = [record for record in others if in_project(record.cwd)]
    if len(ids := {record.session_id for record in here}) > 1:
        raise _ambiguous(sorted(ids), target)
    freshest = max(here, key=lambda r: (r.last_seen, r.name or "", r.cwd), default=None)
    # A name is told of no session elsewhere: names repeat, and such a record may be old.
    return freshest, len(others) < len(found), bool(by_id and others and not here)


def resolve(
    target: str,
    me: Entry,
    entries: Sequence[Entry],
    known: Sequence[Known],
    in_project: Callable[[str], bool],
    heir: Callable[[str], str] = _itself,
) -> Entry | Known:
    """Return the one session that *target* names; the order of the sequences does not matter.

    The caller is set aside before counting, so a name that it shares with one peer means the peer.

    Args:
        target: 1 to 512 characters.  36 characters of ``0-9a-f-`` are only ever a session id.
        me: The caller's entry, listed in *entries* or not.
        entries: Live entries, one per session.
        known: Sessions that may come back; mail for them is stored.
        in_project: Tells whether a working folder belongs to the caller's project.
        heir: Returns the session id that another goes by now; a known session is looked for there.

    Raises:
        TargetNotFound: nobody answers to it.
        AmbiguousTarget: several sessions of the project do; ``candidates`` has the ids of those
            that have said who they are, ``note`` speaks of the others.
        CrossProject: only sessions of other projects do.
        SelfSend: only the caller does.
        BadArgument: *target* is empty or too long.
    """
    if not target:
        raise BadArgument("target", "must not be empty")
    if len(target) > TARGET_MAX_CHARS:
        raise BadArgument("target", f"must not be longer than {TARGET_MAX_CHARS} characters")
    running, self_answers, elsewhere = _running(target, me, entries, in_project)
    if running:
        return running
    returning, self_returns, returns_elsewhere = _returning(target, me, known, in_project, heir)
    if returning:
        by_id = (entry for entry in entries if entry.session_id == returning.session_id)
        alive = next(by_id, None)
        if alive is None:
            return returning
        self_returns = self_returns or _is_same(alive, me)
        if in_project(alive.client.cwd) and not self_returns:
            return alive
        elsewhere = elsewhere or not self_returns
    if elsewhere or returns_elsewhere:
        raise CrossProject
    if self_answers or self_returns:
        raise SelfSend
    raise TargetNotFound
