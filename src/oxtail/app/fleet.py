"""Gather the facts of a fleet, again and again, at little cost.

Rules of this file:

* It reads through ports only, takes no mail and no lock, and changes nothing.
* One look runs at most one tmux process, whatever the size of the fleet.
* What cannot be looked at becomes a warning; the rest of the fleet is shown.

A look may run in a thread of its own; one collector is used by one thread at a time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from oxtail.app import elsewhere
from oxtail.app.held_mail import held_for
from oxtail.app.pane_watch import PaneWatch, activities, recent
from oxtail.core.fleet_facts import AgentFacts, Alert, Facts, one_per_session
from oxtail.core.fleet_words import unreadable
from oxtail.core.liveness import Life, Limits
from oxtail.core.names import hash32, pid_box, session_box
from oxtail.core.scope import contains, same_project
from oxtail.core.snapshot import snapshot
from oxtail.core.waits import Standing
from oxtail.errors import PaneError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from oxtail.app.context import Context
    from oxtail.core.census import Census, Counted, LedgerView, PaneTable
    from oxtail.core.correlation import OpenAsk
    from oxtail.core.entry import Known
    from oxtail.core.envelope import Envelope
    from oxtail.core.fleet import Fleet
    from oxtail.core.notice import Notice
    from oxtail.core.pane import Pane, PaneView

ASKS_MAX: Final = 2_000
"""Most open questions that are looked at."""

RECORDS_MAX: Final = 512
"""Most sessions of a project that do not run and are looked at; those seen last."""

OTHERS_MAX: Final = 256
"""Most ledgers of sessions elsewhere that are read because a wait leads to them."""

COMMS: Final = 100
"""Messages of the comms log, unless told otherwise."""

UNCLAIMED_SHOWN: Final = 20
"""Most messages of the comms log that wait for an agent without a session id."""

NOTICES_SHOWN: Final = 20
NOTICE_SECONDS: Final = 86_400
"""How many notices are looked at, and how old they may be."""

PLACE_SECONDS: Final = 10.0
"""How long it is believed which project a folder belongs to."""

FINDINGS_SECONDS: Final = 60.0
"""How long findings are believed: looking for them reads the whole state folder."""

OWN_IDS: Final = ("CLAUDE_CODE_SESSION_ID", "CODEX_THREAD_ID", "CODEX_COMPANION_SESSION_ID")
"""Variables that tell a command in an agent's shell whose shell it is, after ``OXTAIL_``'s own."""

_box_of = lru_cache(maxsize=4_096)(session_box)


class Collector:
    """Looks at one project, or at all of them.

    Args:
        ctx: The context of whoever looks.
        project_root: A folder of the project; the caller's own folder without it.
        everywhere: Look at all projects.
        activity: Whether transcripts and panes are looked into; without that, only hooks tell who
            works.
        examine: Finds what doctor finds; called once a minute at most.
    """

    def __init__(
        self,
        ctx: Context,
        *,
        project_root: str | None = None,
        everywhere: bool = False,
        activity: bool = True,
        examine: Callable[[], Sequence[Alert]] | None = None,
    ) -> None:
        self._ctx = ctx
        self._folder = project_root or ctx.session.entry.client.cwd
        self._everywhere = everywhere
        self._activity = activity
        self._examine = examine
        self._findings: tuple[Alert, ...] = ()
        self._examined_at: float | None = None
        self._watch = PaneWatch()
        self._here: dict[str, bool] = {}
        self._placed_at: float | None = None
        self._root: str | None = None

    def look(self, *, comms: int = COMMS) -> Fleet:
        """Return the fleet as it is now, with its *comms* latest messages; raises nothing."""
        return snapshot(self.facts(comms=comms))

    def facts(self, *, comms: int = COMMS) -> Facts:
        """Return the facts as they are now."""
        ctx = self._ctx
        self._place()
        facts = Facts(
            at=ctx.clock.now(),
            project_root=self._root,
            self_session_id=self._self_id(),
            limits=_limits(ctx),
        )
        try:
            census = ctx.registry.census()
        except StoreError as error:
            return facts._replace(warnings=(error.message,))
        watch = self._watch if self._activity else None
        return _Look(ctx, self._is_here, census, facts, watch).facts(comms, self._found(facts.at))

    def _place(self) -> None:
        now = self._ctx.clock.monotonic()
        if self._placed_at is not None and now - self._placed_at < PLACE_SECONDS:
            return
        self._placed_at = now
        self._here.clear()
        # A folder inside a project means the project.
        place = self._ctx.projects.place(self._folder)
        self._root = None if self._everywhere else place.root

    def _is_here(self, cwd: str) -> bool:
        if self._everywhere:
            return True
        if cwd not in self._here:
            projects = self._ctx.projects
            here, place = projects.place(self._folder), projects.place(cwd)
            self._here[cwd] = same_project(here, place) or contains(here, place)
        return self._here[cwd]

    def _self_id(self) -> str | None:
        environ = self._ctx.settings.environ
        named = (environ.get(variable) for variable in OWN_IDS)
        return self._ctx.session.id or next(filter(None, named), None)

    def _found(self, now: float) -> tuple[Alert, ...]:
        due = self._examined_at is None or not 0 <= now - self._examined_at < FINDINGS_SECONDS
        if self._examine and due:
            self._findings, self._examined_at = tuple(self._examine()), now
        return self._findings


def _limits(ctx: Context) -> Limits:
    settings = ctx.settings
    return Limits(
        active=settings.fleet_active_s,
        stall=settings.fleet_stall_s,
        caption=settings.fleet_caption_s,
        busy=settings.busy_ttl_ms / 1000,
    )


class _Look:
    """One look."""

    def __init__(
        self,
        ctx: Context,
        is_here: Callable[[str], bool],
        census: Census,
        empty: Facts,
        watch: PaneWatch | None,
    ) -> None:
        self._ctx = ctx
        self._is_here = is_here
        self._census = census
        self._empty = empty
        self._watch = watch  # without one, neither transcripts nor panes are looked into
        self._views: dict[int, PaneView] = {}
        self._warnings: list[str] = []
        self._asks = self._open_asks()
        self._heirs = self._all_heirs()
        self._ids: dict[str, list[str]] = {}
        for former, heir in sorted(self._heirs.items()):
            self._ids.setdefault(heir, []).append(former)
        self._pids: dict[str, list[int]] = {}
        for each in census.counted:
            if each.entry.session_id:
                heir = self._now(each.entry.session_id)
                self._pids.setdefault(heir, []).append(each.entry.server_pid)

    def facts(self, comms: int, findings: tuple[Alert, ...]) -> Facts:
        ctx = self._ctx
        entries = one_per_session(self._census.counted, self._heirs)
        here = [each for each in entries if self._is_here(each.entry.client.cwd)]
        seen = {self._key(each) for each in entries}
        records = self._records(seen)
        running = [each for each in here if each.life is Life.RUNNING]
        self._activities = activities(ctx, running) if self._watch else {}
        table = self._panes(running)
        hosts = dict(table.hosts) if table else {}
        if self._watch and table:
            self._views = self._watch.take(table, self._empty.at)
        agents = [
            *(self._agent(each, hosts, bool(findings)) for each in here),
            *(self._left(each, bool(findings)) for each in records[:RECORDS_MAX]),
        ]
        ledgers, too_many = self._ledgers(agents)
        owners = list(dict.fromkeys(each for agent in agents for each in agent.ids))
        if self._census.unreadable:
            self._warn(unreadable(self._census.unreadable))
        return self._empty._replace(
            agents=tuple(agents),
            heirs=self._heirs,
            standings=self._elsewhere(entries),
            asks=self._asks[:ASKS_MAX],
            ledgers=ledgers,
            held=held_for(ctx.lookout, ledgers),
            records=ctx.lookout.latest(owners, comms),
            unclaimed=tuple(self._unclaimed(agents, comms)),
            notices=self._notices(owners),
            findings=findings,
            panes_known=table is not None and bool(table.panes),
            acknowledged=self._acknowledged(),
            warnings=tuple(self._warnings),
            truncated=too_many or len(self._asks) > ASKS_MAX or len(records) > RECORDS_MAX,
        )

    # ------------------------------------------------------------------ who is who

    def _warn(self, text: str) -> None:
        if text not in self._warnings:
            self._warnings.append(text)

    def _open_asks(self) -> tuple[OpenAsk, ...]:
        try:
            return self._ctx.store.all_asks(ASKS_MAX + 1)
        except StoreError as error:
            self._warn(error.message)
            return ()

    def _all_heirs(self) -> dict[str, str]:
        """Return the ids that were followed by another one, of all that are heard of."""
        named = {each.entry.session_id for each in self._census.counted}
        named |= {each.session_id for each in self._census.known}
        named |= {each for one in self._asks for each in (one.ask.session_id, one.ask.target)}
        heirs = elsewhere.heirs(self._ctx)
        try:
            for session_id in named:
                if session_id and (heir := self._ctx.lineage.heir(session_id)) != session_id:
                    heirs[session_id] = heir
        except StoreError as error:
            self._warn(error.message)
        return heirs

    def _now(self, session_id: str) -> str:
        return self._heirs.get(session_id, session_id)

    def _key(self, counted: Counted) -> str | None:
        session_id = counted.entry.session_id
        return self._now(session_id) if session_id else None

    def _records(self, seen: set[str | None]) -> list[Known]:
        """Return the sessions of the project of which there is a record and no entry."""
        found: dict[str, Known] = {}
        for known in self._census.known:
            session_id = self._now(known.session_id)
            if session_id not in seen and self._is_here(known.cwd):
                found.setdefault(session_id, known)
        return list(found.values())

    def _elsewhere(self, entries: Iterable[Counted]) -> dict[str, Standing]:
        found = elsewhere.standings(self._ctx)
        found |= {self._now(known.session_id): Standing.AWAY for known in self._census.known}
        for each in entries:
            if key := self._key(each):
                found[key] = Standing.RUNNING if each.life is Life.RUNNING else Standing.AWAY
        return found

    def _panes(self, running: Sequence[Counted]) -> PaneTable | None:
        pids = [each.entry.server_pid for each in running]
        watched: tuple[str, ...] = ()
        if self._watch:
            # Whoever looks is at work for just that, so its own pane tells nothing.
            me = self._self_now()
            others = [each.entry for each in running if me is None or self._key(each) != me]
            watched = self._watch.choose(recent(others, self._activities, self._empty))
        try:
            return self._ctx.panes.hosts(pids, watched)
        except PaneError as error:
            self._warn(f"tmux could not be asked: {error.message}")
            return None

    # ------------------------------------------------------------------ one agent

    def _agent(self, counted: Counted, hosts: Mapping[int, Pane], files: bool) -> AgentFacts:
        entry, ctx = counted.entry, self._ctx
        client, state = entry.client, entry.state
        session_id = self._key(counted)
        facts = AgentFacts(
            session_id=session_id,
            server_pid=entry.server_pid,
            client_type=client.type,
            cwd=client.cwd,
            name=entry.name,
            life=counted.life,
            is_proved=counted.is_proved,
            purpose=state.purpose if state else None,
            purpose_at=state.updated_at if state else None,
            transcript_path=client.transcript_path,
        )
        facts = self._with_boxes(facts, pid_box(entry.server_pid), files)
        if counted.life is not Life.RUNNING:
            return facts
        if session_id:
            facts = facts._replace(marker=ctx.presence.read(session_id))
        view = self._views.get(entry.server_pid)
        return facts._replace(
            activity=self._activities.get(entry.server_pid, facts.activity),
            pane=hosts.get(entry.server_pid),
            pane_busy=view is not None and view.busy,
            pane_tail=view.tail if view else None,
        )

    def _left(self, known: Known, files: bool) -> AgentFacts:
        facts = AgentFacts(
            session_id=self._now(known.session_id),
            server_pid=None,
            client_type=known.client_type,
            cwd=known.cwd,
            name=known.name,
            life=Life.EXITED,
        )
        return self._with_boxes(facts, None, files)

    def _with_boxes(self, facts: AgentFacts, own: str | None, files: bool) -> AgentFacts:
        session_id = facts.session_id
        ids = (session_id, *self._ids.get(session_id, ())) if session_id else ()
        pids = self._pids.get(session_id, ()) if session_id else ()
        boxes = [*map(_box_of, ids), *([own] if own else []), *map(pid_box, pids)]
        names = dict.fromkeys(boxes)
        made = facts._replace(
            ids=ids,
            boxes=tuple(map(self._ctx.lookout.box, names)),
            is_self=session_id is not None and session_id == self._self_now(),
        )
        if not files:
            return made
        held = {f"{name}.jsonl" for name in (*names, *map(hash32, ids))}
        held |= {f"{pid}.json" for pid in (facts.server_pid, *pids) if pid}
        return made._replace(files=frozenset(held))

    def _self_now(self) -> str | None:
        me = self._empty.self_session_id
        return self._now(me) if me else None

    # ------------------------------------------------------------------ what they say

    def _ledgers(self, agents: Sequence[AgentFacts]) -> tuple[dict[str, LedgerView], bool]:
        """Return what the ledgers of *agents* say, and of those that their waits lead to."""
        ours = dict.fromkeys(each for agent in agents for each in agent.ids)
        others: dict[str, None] = {}
        for one in self._asks:
            ends = [each for each in (one.ask.session_id, one.ask.target) if each]
            if any(each in ours or self._now(each) in ours for each in ends):
                for each in ends:
                    heir = self._now(each)
                    others |= dict.fromkeys((each, heir, *self._ids.get(heir, ())))
        more = [each for each in others if each not in ours]
        read = self._ctx.lookout.ledger
        return {each: read(each) for each in (*ours, *more[:OTHERS_MAX])}, len(more) > OTHERS_MAX

    def _unclaimed(
        self, agents: Iterable[AgentFacts], comms: int
    ) -> Iterable[tuple[str, Envelope]]:
        most = min(comms, UNCLAIMED_SHOWN)
        for agent in agents:
            if agent.session_id is None and any(view.letters for view in agent.boxes):
                letters = self._ctx.lookout.letters(pid_box(agent.server_pid or 0), most)
                yield from ((agent.key, message) for message in letters)

    def _notices(self, ours: Sequence[str]) -> tuple[Notice, ...]:
        now = self._empty.at
        return tuple(
            notice
            for notice in self._ctx.notices.recent(NOTICES_SHOWN)
            if now - notice.at < NOTICE_SECONDS
            and (notice.session_id is None or notice.session_id in ours)
        )

    def _acknowledged(self) -> frozenset[str]:
        try:
            return self._ctx.acknowledged.keys(self._empty.project_root)
        except StoreError as error:
            self._warn(error.message)
            return frozenset()
