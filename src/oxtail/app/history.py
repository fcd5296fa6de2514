"""Looking back: the messages of a project, filtered, searched, and as they come.

The scope is the caller's project: the ledgers of all sessions that are known to work there.
Whoever asks for everything gets all ledgers, those of forgotten sessions under the hash that names
them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from oxtail.app.ids import all_ids, heir_of
from oxtail.core.history import (
    Bookmark,
    Problem,
    Record,
    Thread,
    Wanted,
    both,
    with_peer,
)
from oxtail.core.names import hash32, is_uuid_shape
from oxtail.core.scope import contains, same_project
from oxtail.core.value import Value
from oxtail.core.words import parse_query
from oxtail.errors import BadArgument, MessageNotFound, TargetNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from oxtail.app.context import Context

LOOK_SECONDS: Final = 1.0
"""How often whoever follows looks for messages of senders that ring no bell."""

BELLS_MAX: Final = 64
"""Most sessions whose bells whoever follows listens to; each costs a descriptor."""

_LEDGER_HASH_DIGITS: Final = 32


class Filters(Value):
    """Which messages are asked for.

    Attributes:
        peer: Only what this session sent or received: an id, a name, a tmux session, or the hash of
            a ledger.
        thread: Only what belongs with this message id or request id.
        since: Nothing older, in unix seconds.
        until: Nothing younger, in unix seconds.
        everywhere: Messages of all projects.
        project: The project at this path instead of the caller's.
    """

    peer: str | None = None
    thread: str | None = None
    since: int | None = None
    until: int | None = None
    everywhere: bool = False
    project: str | None = None


class Scope(Value):
    """Whose messages are looked at.

    Attributes:
        project_root: The project, or None for all.
        owners: The sessions that are known to belong to it.
        names: What users call the sessions, by session id.
        tmux: Their tmux sessions, by session id.
        running: The boxes of those that run.
    """

    project_root: str | None
    owners: tuple[str, ...]
    names: Mapping[str, str]
    tmux: Mapping[str, str]
    running: tuple[str, ...]


class Page(Value):
    """What was found.

    Attributes:
        scope: Whose messages were looked at.
        records: The newest that match, oldest first.
        is_cut: Whether older ones match, too.
        problems: Ledgers of which something could not be read.
        remark: Something for the human, or None.
    """

    scope: Scope
    records: tuple[Record, ...]
    is_cut: bool
    problems: tuple[Problem, ...]
    remark: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the members for programs."""
        return {
            "schema_version": 1,
            "project_root": self.scope.project_root,
            "count": len(self.records),
            "older_left_out": self.is_cut,
            "messages": [record_dict(record, self.scope) for record in self.records],
            "unreadable": [problem._asdict() for problem in self.problems],
            "remark": self.remark,
        }


def record_dict(record: Record, scope: Scope) -> dict[str, Any]:
    """Return *record* for programs."""
    sender = record.message.from_session_id
    return {
        "to_session_id": record.receiver,
        "to_name": scope.names.get(record.receiver or ""),
        "from_name": scope.names.get(sender or ""),
        "ledger": record.ledger,
        "outcome": record.outcome,
        "message": record.message.as_dict(),
    }


def scope_of(ctx: Context, filters: Filters) -> Scope:
    """Return the project that is asked for with its sessions, or all sessions.

    Raises:
        StoreError: the registry cannot be read.
    """
    everywhere = filters.everywhere
    here = ctx.projects.place(filters.project or ctx.session.entry.client.cwd)
    if filters.project:
        here = here._replace(root=here.cwd)
    belongs: dict[str, bool] = {}

    def in_project(cwd: str) -> bool:
        if cwd not in belongs:
            place = ctx.projects.place(cwd)
            belongs[cwd] = same_project(here, place) or contains(here, place)
        return belongs[cwd]

    owners: dict[str, None] = {}
    names, tmux, running = {}, {}, []
    for known in reversed(ctx.registry.known()):
        if everywhere or in_project(known.cwd):
            owners[known.session_id] = None
            if known.name:
                names[known.session_id] = known.name
    for entry in ctx.registry.entries():
        if entry.session_id and (everywhere or in_project(entry.client.cwd)):
            owners[entry.session_id] = None
            running.append(entry.box)
            if entry.name:
                names[entry.session_id] = entry.name
            if entry.tmux_session:
                tmux[entry.session_id] = entry.tmux_session
    for owner in tuple(owners):
        owners.update(dict.fromkeys(ctx.lineage.former(owner)))
    return Scope(None if everywhere else here.root, tuple(owners), names, tmux, tuple(running))


def _is_id(text: str) -> bool:
    digits = set("0123456789abcdef")
    return is_uuid_shape(text) or (len(text) == _LEDGER_HASH_DIGITS and set(text) <= digits)


def _peers(ctx: Context, scope: Scope, who: str) -> set[str]:
    """Return all ids of those that *who* may mean; a name may have been that of many sessions."""
    if not who:
        raise BadArgument("peer", "must not be empty")
    ids = set(scope.owners)
    found = {
        session_id
        for session_id in ids
        if who in (session_id, scope.names.get(session_id), scope.tmux.get(session_id))
    }
    if not found and scope.project_root is not None and not _is_id(who):
        raise TargetNotFound(f"No session known in this project answers to {who[:64]!r}.")
    found = found or {who}
    for session_id in tuple(found):
        found.update(all_ids(ctx, session_id))
    return found


def _thread(ctx: Context, name: str, wanted: Wanted) -> Thread:
    """Return the thread that *name* names, with all records of the scope in it."""
    thread = Thread(name, partial(heir_of, ctx))

    def add(record: Record) -> bool:
        thread.add(record)
        return False

    for _ in ctx.history.records(wanted._replace(matches=add)):
        raise AssertionError("nothing matches")
    if not thread.is_known:
        raise MessageNotFound(f"No message here has or answers the id {name[:64]!r}.")
    return thread


def _wanted(
    ctx: Context, scope: Scope, filters: Filters, report: Callable[[Problem], None]
) -> tuple[Wanted, Thread | None]:
    """Return what is asked for but for the thread, and that thread."""
    wanted = Wanted(scope.owners, filters.everywhere, report=report)
    peers = None if filters.peer is None else _peers(ctx, scope, filters.peer)
    thread = None if filters.thread is None else _thread(ctx, filters.thread, wanted)
    wanted = wanted._replace(since=filters.since, until=filters.until)
    return wanted if peers is None else wanted._replace(matches=with_peer(peers)), thread


def _all_wanted(
    ctx: Context, scope: Scope, filters: Filters, report: Callable[[Problem], None]
) -> Wanted:
    """Return what is asked for."""
    wanted, thread = _wanted(ctx, scope, filters, report)
    if thread is None:
        return wanted

    def is_in_thread(record: Record) -> bool:
        thread.add(record)  # it may have come since the others were
        return thread.has(record)

    return wanted._replace(matches=both(is_in_thread, wanted.matches))


class _Problems:
    """Passes each problem on once."""

    def __init__(self, report: Callable[[Problem], None]) -> None:
        self._report = report
        self._said: set[Problem] = set()

    def __call__(self, problem: Problem) -> None:
        if problem not in self._said:
            self._said.add(problem)
            self._report(problem)


def _page(scope: Scope, records: list[Record], limit: int, problems: list[Problem]) -> Page:
    is_cut = len(records) > limit
    kept = records[len(records) - limit :] if is_cut else records
    return Page(scope, tuple(kept), is_cut, tuple(problems))


def log(ctx: Context, filters: Filters, *, limit: int) -> Page:
    """Return the newest *limit* messages that match.

    Raises:
        TargetNotFound: nobody known here answers to the peer that is asked for.
        MessageNotFound: no message here belongs to the thread that is asked for.
        BadArgument: the peer is an empty text.
        StoreError: the state folder cannot be read.
    """
    problems: list[Problem] = []
    scope = scope_of(ctx, filters)
    wanted = _all_wanted(ctx, scope, filters, _Problems(problems.append))
    records = list(ctx.history.records(wanted._replace(newest=limit + 1)))
    return _page(scope, records, limit, problems)


def search(ctx: Context, query: str, filters: Filters, *, limit: int) -> Page:
    """Return the newest *limit* messages that match and whose bodies hold what *query* asks for.

    Raises:
        BadArgument: *query* holds no word, or is too long.
        TargetNotFound, MessageNotFound, StoreError: as for :func:`log`.
    """
    words = parse_query(query)
    problems: list[Problem] = []
    scope = scope_of(ctx, filters)
    wanted = _all_wanted(ctx, scope, filters, _Problems(problems.append))
    found, remark = ctx.history.search(words, wanted._replace(newest=limit + 1))
    return _page(scope, list(found), limit, problems)._replace(remark=remark)


def export(
    ctx: Context, filters: Filters, report: Callable[[Problem], None]
) -> tuple[Scope, Iterator[Record]]:
    """Return the scope, and all messages that match, oldest first, one at a time.

    Raises:
        TargetNotFound, MessageNotFound, StoreError: as for :func:`log`.
    """
    scope = scope_of(ctx, filters)
    return scope, ctx.history.records(_all_wanted(ctx, scope, filters, _Problems(report)))


def follow(
    ctx: Context,
    filters: Filters,
    emit: Callable[[Record, Scope], None],
    report: Callable[[Problem], None],
    *,
    limit: int,
    goes_on: Callable[[], bool],
) -> None:
    """Call *emit* with the newest *limit* messages that match, then with each one that comes.

    It returns when *goes_on* says so, which it is asked about once a second.  Of a session that
    comes into the project meanwhile, only what is new is shown.

    Raises:
        TargetNotFound, MessageNotFound, StoreError: as for :func:`log`.
    """
    started = int(ctx.clock.now())
    reporting = _Problems(report)
    scope = scope_of(ctx, filters)
    wanted, thread = _wanted(ctx, scope, filters, reporting)
    at_first = set(map(hash32, scope.owners))

    def may_be_shown(record: Record) -> bool:
        # What is new is taken up now and judged when all is in that came together with it: an
        # answer may be read before its question.
        return (
            filters.everywhere or record.ledger in at_first or record.message.enqueued_at >= started
        ) and (thread is None or thread.add(record) or thread.has(record))

    wanted = wanted._replace(matches=both(may_be_shown, wanted.matches), newest=limit)
    mark, here = Bookmark(), _who_is_here(ctx)
    while True:
        boxes = scope.running[:BELLS_MAX]
        with ctx.store.bell(boxes, patient=True) as bell:
            while scope.running[:BELLS_MAX] == boxes:
                records, mark = ctx.history.after(mark, wanted)
                for record in records:
                    if thread is None or thread.has(record):
                        emit(record, scope)
                wanted = wanted._replace(newest=None)
                bell.wait(LOOK_SECONDS)
                if not goes_on():
                    return
                if here != (here := _who_is_here(ctx)):
                    scope = scope_of(ctx, filters)
                    wanted = wanted._replace(owners=scope.owners)


def _who_is_here(ctx: Context) -> object:
    """Return what changes when sessions come and go; costs less than a scope."""
    running = ((entry.session_id, entry.box, entry.name) for entry in ctx.registry.entries())
    return tuple(running), tuple(known.session_id for known in ctx.registry.known())
