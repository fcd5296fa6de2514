"""One fake per port, named after it; the store's stand-in is the shipped memory store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from oxtail import config
from oxtail.app.context import Context
from oxtail.app.session import Session
from oxtail.core.activity import Activity
from oxtail.core.census import Census, Counted, PaneTable
from oxtail.core.detected import Detected
from oxtail.core.entry import OURS, Client, Entry, Known
from oxtail.core.follow import Growth, Mark
from oxtail.core.jump import Scene, Spot, Terminal
from oxtail.core.liveness import Life
from oxtail.core.names import hash32
from oxtail.core.pane import Pane, PaneView
from oxtail.core.presence import Marker
from oxtail.core.scope import Place
from oxtail.core.sighting import Sighting
from oxtail.core.transcript import Transcript
from oxtail.errors import PaneError
from oxtail.store.memory.sides import memory_sides
from oxtail.store.memory.store import MemoryStore

ALICE = "11111111-1111-4111-8111-111111111111"
BOB = "22222222-2222-4222-8222-222222222222"
CAROL = "33333333-3333-4333-8333-333333333333"


class FakeClock:
    """Time that tests turn by hand."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self.time = start

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += seconds


class FakeIds:
    """Ids that count."""

    def __init__(self, prefix: int = 0) -> None:
        self.last = prefix << 32

    def new_id(self) -> str:
        self.last += 1
        return f"{self.last:016x}"


class FakeTrace:
    """Keeps every event."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, event: str, **members: Any) -> None:
        self.events.append((event, members))

    def named(self, event: str) -> list[dict[str, Any]]:
        return [members for name, members in self.events if name == event]


class FakeRegistry:
    """A registry that several fake sessions share; *me* is the process that publishes."""

    def __init__(self, me: int, shared: dict[int, Entry], known: dict[str, Known]) -> None:
        self.me = me
        self.shared = shared
        self.kept = known
        self.held_by: Entry | None = None
        self.corpses: dict[int, Counted] = {}

    def publish(self, entry: Entry) -> None:
        self.shared[self.me] = entry
        client = entry.client
        if client.session_id:
            self.remember(
                Known(
                    client.session_id,
                    entry.name,
                    client.type,
                    client.cwd,
                    entry.started_at,
                    entry.project,
                )
            )

    def withdraw(self) -> None:
        self.shared.pop(self.me, None)

    def entries(self) -> tuple[Entry, ...]:
        return tuple(self.shared.values())

    def census(self) -> Census:
        living = [Counted(entry, Life.RUNNING, True) for entry in self.shared.values()]
        return Census((*living, *self.corpses.values()), tuple(self.kept.values()))

    def answering(self, target: str) -> tuple[Entry, ...]:
        entries = self.shared.values()
        return tuple(e for e in entries if target in (e.session_id, e.name, e.tmux_session))

    def live(self, pid: int) -> Entry | None:
        return self.shared.get(pid)

    def pids_of(self, session_id: str) -> tuple[int, ...]:
        return tuple(p for p, e in self.shared.items() if e.session_id == session_id)

    def remember(self, known: Known) -> None:
        self.kept[known.session_id] = known

    def known(self) -> tuple[Known, ...]:
        return tuple(self.kept.values())

    def holder(self, session_id: str) -> Entry | None:
        return self.held_by if self.held_by and self.held_by.session_id == session_id else None


class FakeProjects:
    """Every folder is its own project root up to its first component; ``/private`` has no name."""

    def key(self, path: str) -> str | None:
        root = self.place(path).root
        return None if root == "/private" else hash32(root)

    def place(self, path: str) -> Place:
        root = "/" + path.strip("/").split("/", 1)[0]
        return Place(path, root, True)


class FakePresence:
    """Markers that tests set."""

    def __init__(self) -> None:
        self.markers: dict[str, Marker] = {}

    def read(self, session_id: str) -> Marker | None:
        return self.markers.get(session_id)

    def write(self, session_id: str, state: str) -> None:
        self.markers[session_id] = Marker(state, 0.0)

    def clear(self, session_id: str) -> None:
        self.markers.pop(session_id, None)


class FakeWakeRecords:
    """Grants every wake once per reply."""

    def __init__(self) -> None:
        self.stamped: list[tuple[str, str]] = []
        self.refusal: str | None = None
        self.waiters_wakes: list[str] = []
        self.waiters_refused: set[str] = set()
        self.wishes: list[tuple[str, str, str | None]] = []
        self.reminded: set[tuple[str, int]] = set()
        self.operator_wakes: list[str] = []
        self.operator_refused: set[str] = set()

    def claim_reply_wake(self, session_id: str, reply_to: str) -> str | None:
        if self.refusal is None:
            self.stamped.append((session_id, reply_to))
        return self.refusal

    def stamp(self, session_id: str, reply_to: str) -> None:
        self.stamped.append((session_id, reply_to))

    def claim_waiters_wake(self, session_id: str) -> bool:
        if session_id in self.waiters_refused:
            return False
        self.waiters_wakes.append(session_id)
        return True

    def wish(self, session_id: str, message_id: str, sender: str | None) -> None:
        self.wishes.append((session_id, message_id, sender))

    def claim_reminder(self, message_id: str, deadline: int) -> bool:
        is_first = (message_id, deadline) not in self.reminded
        self.reminded.add((message_id, deadline))
        return is_first

    def is_operator_too_soon(self, session_id: str) -> bool:
        return session_id in self.operator_refused

    def stamp_operator(self, session_id: str) -> None:
        self.operator_wakes.append(session_id)


class FakeWaker:
    """Remembers whom it woke."""

    def __init__(self, status: str = "fired", effect: Callable[[], None] | None = None) -> None:
        self.status = status
        self.effect = effect
        self.woken: list[Entry] = []

    def wake(self, entry: Entry) -> str:
        self.woken.append(entry)
        if self.effect:
            self.effect()
        return self.status


class FakePanes:
    """Panes that tests set."""

    def __init__(self, *panes: Pane, text: str = "", problem: str | None = None) -> None:
        self.panes = panes
        self.text = text
        self.problem = problem
        self.asked = 0
        self.watched: tuple[str, ...] = ()
        self.views: dict[str, PaneView] = {}

    def list(self) -> tuple[Pane, ...]:
        if self.problem:
            raise PaneError(self.problem)
        return self.panes

    def hosts(self, pids: Collection[int], watched: Sequence[str] = ()) -> PaneTable:
        self.asked += 1
        self.watched = tuple(watched)
        panes = self.list()
        found = ((pid, self.host_of(pid)) for pid in pids)
        hosts = tuple((pid, pane) for pid, pane in found if pane)
        views = (
            (pid, self.views[pane.pane_id])
            for pid, pane in hosts
            if pane.pane_id in watched and pane.pane_id in self.views
        )
        return PaneTable(panes, hosts, tuple(views))

    def host_of(self, pid: int) -> Pane | None:
        return next((pane for pane in self.panes if pane.pane_pid == pid), None)

    def capture(self, pane_id: str, lines: int) -> str:
        if self.problem:
            raise PaneError(self.problem)
        return self.text


class FakeTerminals:
    """A scene that tests set; remembers what was shown where."""

    def __init__(self, *spots: Spot, terminals: Sequence[Terminal] = (), own: str = "") -> None:
        self.seen = Scene(spots, tuple(terminals), own or None)
        self.shown: list[tuple[Spot, Terminal | None]] = []
        self.problem: str | None = None

    def scene(self) -> Scene:
        return self.seen

    def show(self, spot: Spot, terminal: Terminal | None) -> None:
        if self.problem:
            raise PaneError(self.problem)
        self.shown.append((spot, terminal))


class FakeTranscripts:
    """Transcripts that tests set."""

    def __init__(self) -> None:
        self.files: dict[str, Transcript | OSError] = {}
        self.growing: dict[str, list[tuple[int, Sighting]] | OSError] = {}
        self.activities: dict[str, Activity] = {}

    def locate(self, client_type: str, session_id: str, cwd: str) -> str | None:
        return None if client_type == "unknown" else f"/transcripts/{session_id}.jsonl"

    def read(self, path: str, client_type: str, **options: object) -> Transcript:
        found = self.files.get(path, Transcript((), False, False, 0, None))
        if isinstance(found, OSError):
            raise found
        return found

    def activity(self, path: str, client_type: str) -> Activity:
        return self.activities.get(path, Activity())

    def follow(self, path: str, client_type: str, mark: Mark | None) -> Growth:
        growth = self.growing.get(path)
        if growth is None:
            raise FileNotFoundError(path)
        if isinstance(growth, OSError):
            raise growth
        read = mark.lines if mark else 0
        seen = tuple(each for each in growth if each[0] > read)
        last = max((number for number, _ in growth), default=0)
        return Growth(seen, Mark(0, 0, lines=last), False)


class FakeDetection:
    """Finds what tests tell it to find."""

    def __init__(self) -> None:
        self.found: Detected | None = None
        self.recovered: Detected | None = None
        self.remembered: list[Entry] = []
        self.hopeless = False

    def client_type(self, client_name: str | None) -> str:
        for kind in ("claude", "codex"):
            if client_name and kind in client_name.lower():
                return "claude-code" if kind == "claude" else kind
        return "unknown"

    def from_env(self, client_type: str) -> Detected | None:
        return None

    def detect(self, entry: Entry, trigger: str) -> Detected | None:
        return self.found

    def is_hopeless(self) -> bool:
        return self.hopeless

    def diagnose(self, entry: Entry) -> dict[str, Any]:
        return {"per_strategy": {"env": {"abstain": True, "reason": "x"}}, "winning": None}

    def recover(self, entry: Entry) -> Detected | None:
        return self.recovered

    def remember(self, entry: Entry) -> None:
        self.remembered.append(entry)

    def signature(self) -> str:
        return "Sun Nov 22 14:19:01 2026"


class World:
    """Several sessions on one memory store, one registry and one clock."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.ids = FakeIds()
        self.trace = FakeTrace()
        self.store = MemoryStore(clock=self.clock, ids=self.ids, trace=self.trace)
        self.entries: dict[int, Entry] = {}
        self.known: dict[str, Known] = {}
        self.corpses: dict[int, Counted] = {}
        self.presence = FakePresence()
        self.wake_records = FakeWakeRecords()
        self.waker = FakeWaker()
        self.panes = FakePanes()
        self.terminals = FakeTerminals()
        self.transcripts = FakeTranscripts()
        self.sides = memory_sides(self.store, self.clock)

    def context(
        self,
        session_id: str | None = None,
        *,
        pid: int = 100,
        cwd: str = "/project",
        kind: str = "claude-code",
        name: str | None = None,
        project: str | None = None,
        announced: bool = True,
        returns: bool = True,
        **settings: Any,
    ) -> Context:
        """Return the context of one session, which is open."""
        registry = FakeRegistry(pid, self.entries, self.known)
        registry.corpses = self.corpses
        entry = Entry(
            server_pid=pid,
            started_at=int(self.clock.now()),
            client=Client(kind, session_id, None, "env" if session_id else None, cwd),
            proc_sig="",
            capabilities=OURS,
            name=name,
            project=project,
        )
        session = Session(
            entry,
            announced=announced,
            registry=registry,
            store=self.store,
            transcripts=self.transcripts,
            detection=FakeDetection(),
            panes=self.panes,
            clock=self.clock,
            trace=self.trace,
            lineage=self.sides.lineage,
            returns=returns,
        )
        session.open()
        return Context(
            settings=config.from_env({"HOME": "/nowhere"})._replace(**settings),
            session=session,
            store=self.store,
            registry=registry,
            projects=FakeProjects(),
            presence=self.presence,
            wake_records=self.wake_records,
            waker=self.waker,
            panes=self.panes,
            terminals=self.terminals,
            transcripts=self.transcripts,
            clock=self.clock,
            ids=self.ids,
            trace=self.trace,
            **self.sides._asdict(),
        )
