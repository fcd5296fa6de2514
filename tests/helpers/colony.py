"""Three agents whose processes die at any step: use cases on a store, without a process.

An *agent* is what its user sees: one conversation, under whatever session id.  It runs in one
process at a time.  A process dies at a chosen call of a port, before or after that call has done
its work, and from then on it does nothing any more; its next life is another process.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Self

from helpers.fakes import (
    FakeClock,
    FakeDetection,
    FakeIds,
    FakePanes,
    FakePresence,
    FakeProjects,
    FakeRegistry,
    FakeTerminals,
    FakeTrace,
    FakeTranscripts,
    FakeWaker,
    FakeWakeRecords,
)
from helpers.stores import HERE
from oxtail import config
from oxtail.app.context import Context
from oxtail.app.session import Session
from oxtail.core.entry import OURS, Client, Entry, Known
from oxtail.core.envelope import Envelope
from oxtail.core.owner import Owner
from oxtail.disk.atomic import Disk
from oxtail.store.files.locks import Locks
from oxtail.store.files.sides import file_sides
from oxtail.store.files.store import FileStore
from oxtail.store.memory.sides import memory_sides
from oxtail.store.memory.store import MemoryStore
from oxtail.store.sides import Sides
from oxtail.store.world import World


class Died(BaseException):
    """The process is dead."""


class Fuse:
    """Ends a process at one of its calls."""

    def __init__(self) -> None:
        self.is_dead = False
        self.left: int | None = None
        self.after = False

    def arm(self, step: tuple[int, bool] | None) -> None:
        self.left, self.after = step or (None, False)

    def call(self, real: Callable[..., Any], arguments: Any, options: Any) -> Any:
        if self.is_dead:
            raise Died
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                if self.after:
                    real(*arguments, **options)
                self.is_dead = True
                raise Died
        return real(*arguments, **options)


class Mortal:
    """A port of a process that may die at each call of it."""

    def __init__(self, real: Any, fuse: Fuse) -> None:
        self._real = real
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if not callable(found):
            return found
        return lambda *arguments, **options: self._fuse.call(found, arguments, options)


class WaitingBell:
    """A bell of a question: waiting lets the others act, and time pass."""

    def __init__(self, agent: Agent, clock: FakeClock) -> None:
        self.agent = agent
        self.clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def wait(self, timeout: float) -> bool:
        self.clock.advance(max(timeout, 0.01))
        if self.agent.meanwhile:
            self.agent.meanwhile.pop()()
        return True

    def interrupt(self) -> None:
        return None


class Agent:
    """One user's session: a conversation at a time, some of them left and perhaps resumed.

    Attributes:
        now: The session id that it has.
        ever: All ids that it has ever had.
        after: Which id goes on where another one ended.
        shown: How often each message was put before it.
        letters: The messages, by id.
        meanwhile: What others do while it waits for an answer.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.now = self.new_id(0)
        self.ever = [self.now]
        self.after: dict[str, str] = {}
        self.shown: Counter[str] = Counter()
        self.letters: dict[str, Envelope] = {}
        self.meanwhile: list[Callable[[], None]] = []
        self.ctx: Context | None = None
        self.fuse = Fuse()
        self.store: Any = None
        self.pid = 0

    def new_id(self, turn: int) -> str:
        return f"{self.number:08d}-0000-4000-8000-{turn:012d}"

    @property
    def ids(self) -> list[str]:
        """The ids of the conversation that runs; the last one counts."""
        others = [each for each in self.ever if each != self.now and self._end(each) == self.now]
        return [*others, self.now]

    @property
    def left(self) -> list[str]:
        """The last ids of the conversations that it has left."""
        return [each for each in self.ever if each != self.now and each not in self.after]

    def _end(self, session_id: str) -> str:
        while session_id in self.after:
            session_id = self.after[session_id]
        return session_id

    def follow(self, session_id: str) -> None:
        """Be *session_id* in the same process, which goes on for the conversation that ran."""
        if session_id == self.now:
            return
        if session_id not in self.ever:
            self.ever.append(session_id)
        self.after.pop(session_id, None)
        self.after[self.now] = session_id
        self.now = session_id

    def resume(self, session_id: str) -> None:
        """Be the conversation that *session_id* was in another process: it has its past back."""
        self.after.pop(session_id, None)
        self.now = session_id

    def take(self, other: Agent) -> None:
        """Run in the process of *other*."""
        self.ctx, self.fuse, self.store, self.pid = other.ctx, other.fuse, other.store, other.pid

    def see(self, message: Envelope) -> None:
        self.shown[message.id] += 1
        self.letters[message.id] = message


class Register(FakeRegistry):
    """A registry that tells who holds an id, as no two processes of a colony are related."""

    def holder(self, session_id: str) -> Entry | None:
        others = (entry for pid, entry in self.shared.items() if pid != self.me)
        return next((each for each in others if each.session_id == session_id), None)


class Colony:
    """Three agents on one store of *kind*, ``files`` or ``memory``."""

    def __init__(self, kind: str) -> None:
        self.clock = FakeClock()
        self.ids = FakeIds()
        self.trace = FakeTrace()
        self.entries: dict[int, Entry] = {}
        self.known: dict[str, Known] = {}
        self.dead: set[int] = set()
        self.deaths = 0
        self.agents = [Agent(number) for number in range(3)]
        self._last_pid = 1_000
        self._last_number = len(self.agents) - 1
        self._folder = tempfile.TemporaryDirectory() if kind == "files" else None
        self._world = World()
        if self._folder is None:
            self._shared = memory_sides(self._memory_store(), self.clock)

    def close(self) -> None:
        if self._folder:
            self._folder.cleanup()

    # ------------------------------------------------------------------ processes

    def _memory_store(self) -> MemoryStore:
        return MemoryStore(self.clock, self.ids, self.trace, world=self._world)

    def _open(self, pid: int) -> tuple[Any, Sides]:
        if self._folder is None:
            return self._memory_store(), self._shared
        disk = Disk(f"{self._folder.name}/.oxtail", fsync=False, trace=self.trace)
        store = FileStore(
            disk,
            self.clock,
            self.ids,
            received_max=1_000,
            pending_ask_ttl_ms=3_600_000,
            lock_budget_ms=5_000,
            owner=Owner(pid, None, None, HERE, "here"),
            provably_dead=lambda owner: owner.pid in self.dead,
            trace=self.trace,
        )
        return store, file_sides(disk, self.clock, Locks(disk, 5.0, self.trace))

    def start(self, agent: Agent) -> Context:
        """Run *agent* in a new process."""
        self._last_pid += 1
        agent.pid = self._last_pid
        agent.fuse = fuse = Fuse()
        agent.store, sides = self._open(agent.pid)

        class Store(Mortal):
            def bell(self, boxes: Any, **options: Any) -> WaitingBell:
                return WaitingBell(agent, clock)

        clock = self.clock
        store: Any = Store(agent.store, fuse)
        registry: Any = Register(agent.pid, self.entries, self.known)
        mortal: dict[str, Any] = {k: Mortal(v, fuse) for k, v in sides._asdict().items()}
        entry = Entry(
            server_pid=agent.pid,
            started_at=int(clock.now()),
            client=Client("claude-code", agent.now, None, "env", "/project"),
            proc_sig="",
            capabilities=OURS,
        )
        session = Session(
            entry,
            announced=True,
            registry=registry,
            store=store,
            transcripts=FakeTranscripts(),
            detection=FakeDetection(),
            panes=FakePanes(),
            clock=clock,
            trace=self.trace,
            lineage=mortal["lineage"],
        )
        session.open()
        agent.ctx = Context(
            settings=config.from_env({"HOME": "/nowhere"})._replace(
                pair_per_minute=0, session_per_minute=0, max_hops=0, ack_loop=0
            ),
            session=session,
            store=store,
            registry=registry,
            projects=FakeProjects(),
            presence=FakePresence(),
            wake_records=FakeWakeRecords(),
            waker=FakeWaker(),
            panes=FakePanes(),
            terminals=FakeTerminals(),
            transcripts=FakeTranscripts(),
            clock=clock,
            ids=self.ids,
            trace=self.trace,
            **mortal,
        )
        return agent.ctx

    def running(self, agent: Agent) -> Context:
        return agent.ctx or self.start(agent)

    def kill(self, agent: Agent) -> None:
        """End the process of *agent*, if it runs, without a last word."""
        if agent.ctx is None:
            return
        agent.fuse.is_dead = True
        self.deaths += 1
        self.dead.add(agent.pid)
        if isinstance(agent.store, MemoryStore):
            agent.store.die()
        self.entries.pop(agent.pid, None)
        agent.ctx = None

    def leave(self, agent: Agent) -> None:
        """End the process of *agent* in good order."""
        if agent.ctx is not None:
            agent.ctx.session.close()
            self.kill(agent)

    def newcomer(self) -> Agent:
        """Add an agent of whom nobody knows yet."""
        self._last_number += 1
        self.agents.append(Agent(self._last_number))
        return self.agents[-1]

    def agent(self, who: int) -> Agent:
        """Return the agent that *who* means, however many there are."""
        return self.agents[who % len(self.agents)]

    def pair(self, who: int, other: int) -> tuple[Agent, Agent]:
        """Return the agent *who*, and the one that comes *other* after it."""
        count = len(self.agents)
        return self.agents[who % count], self.agents[(who + other) % count]

    def sender_of(self, letter: Envelope) -> Agent:
        """Return whom *letter* names as its sender."""
        return next(agent for agent in self.agents if letter.from_session_id in agent.ever)

    def each_conversation(self) -> Iterator[Agent]:
        """Yield each agent once for each of its conversations, which it is meanwhile."""
        for agent in tuple(self.agents):
            yield agent
            for session_id in agent.left:
                self.leave(agent)
                agent.resume(session_id)
                yield agent

    def attempt(
        self, agent: Agent, act: Callable[[Context], Any], step: tuple[int, bool] | None = None
    ) -> Any:
        """Return what *act* returns, or None if the process died over it at *step*."""
        ctx = self.running(agent)
        agent.fuse.arm(step)
        try:
            return act(ctx)
        except Died:
            self.kill(agent)
            return None
        finally:
            agent.fuse.arm(None)
