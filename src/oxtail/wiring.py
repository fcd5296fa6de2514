"""The only place where adapters meet ports.

Belongs here: which class implements which port, and which function of one adapter another is
given.  Never here: a rule.  Building a context touches no file; opening its session does.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Final, cast

from oxtail.app.context import Context
from oxtail.app.session import CLAIMED, SURE_SOURCES, Session
from oxtail.core.entry import OURS, Client, Entry
from oxtail.core.later import Later
from oxtail.core.names import named_project_key
from oxtail.core.wake import NO_VERIFIED_PANE
from oxtail.disk.atomic import Disk
from oxtail.disk.doorstep import FileDoorstep
from oxtail.identity.process import current_owner, provably_dead
from oxtail.identity.projects import FileProjects
from oxtail.identity.registry import FileRegistry
from oxtail.store.files.locks import Locks
from oxtail.store.files.marks import PYTHON_MODE
from oxtail.store.files.sides import file_sides
from oxtail.store.files.spares import Spares
from oxtail.store.files.store import FileStore
from oxtail.trace import Trace, open_trace
from oxtail.wake.markers import FileMarkers
from oxtail.wake.waker import DoorWaker, LateDoor, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.app.dock import Dock
    from oxtail.app.lifecycle.plans import Means
    from oxtail.config import Settings
    from oxtail.ports import Clock, Detection, OwnDoor, Panes, Terminals, Transcripts, WakeRecords
    from oxtail.ports.lifecycle import BringUp
    from oxtail.store.files.carriage import Carriage
    from oxtail.tmux.strips import TmuxStrips
    from oxtail.wake.tmux_door import TmuxDoor

PANE_LOCK_SECONDS: Final = 1.0
"""How long a sender waits while another one types into the same pane."""

STRIP_SETTINGS: Final = ("OXTAIL_HOME", "OXTAIL_SCOPE", "NO_COLOR")
"""What a strip needs, and its pane has from its tmux server or not at all."""

ROLES: Final = ("server", "python", "cli")
"""Who takes part: the server of an agent, a Python program, or one command."""


class SystemClock:
    """The time of this machine."""

    def now(self) -> float:
        """Return the wall clock in unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()


class RandomIds:
    """Ids from the system's source of randomness."""

    def new_id(self) -> str:
        """Return sixteen random hex digits."""
        return os.urandom(8).hex()


def _first_entry(settings: Settings, role: str, clock: SystemClock) -> Entry:
    environ = settings.environ
    # A program that an agent starts inherits the agent's variables and is not that agent.
    kind = "unknown"
    if role == "server":
        from oxtail.identity.detect import client_type_from_env

        kind = client_type_from_env(environ)
    session_id = environ.get("OXTAIL_SESSION_ID") if role != "server" else None
    owner = current_owner()
    return Entry(
        server_pid=owner.pid,
        started_at=int(clock.now()),
        client=Client(
            type=kind,
            session_id=session_id or None,
            transcript_path=None,
            session_id_source=CLAIMED if session_id else None,
            cwd=os.getcwd(),
        ),
        proc_sig="",
        capabilities=OURS,
        name=environ.get("OXTAIL_NAME") or None,
        start_token=owner.start_token,
        project=named_project_key(settings.project) if settings.project else None,
    )


def _transcripts(settings: Settings, clock: SystemClock) -> Transcripts:
    def build() -> object:
        from oxtail.transcripts.files import FileTranscripts

        return FileTranscripts(settings.user_home, settings.environ, clock)

    return cast("Transcripts", Later(build))


def _panes(settings: Settings, trace: Trace) -> Panes:
    def build() -> object:
        from oxtail.identity.ancestry import parent_of, parents
        from oxtail.wake.panes import TmuxPanes

        return TmuxPanes(settings.environ, parent_of, trace, parents=parents)

    return cast("Panes", Later(build))


def _terminals(settings: Settings, trace: Trace) -> Terminals:
    def build() -> object:
        from oxtail.tmux.terminals import TmuxTerminals

        return TmuxTerminals(settings.environ, trace)

    return cast("Terminals", Later(build))


def _detection(
    settings: Settings, role: str, disk: Disk, clock: SystemClock, transcripts: Transcripts
) -> Detection:
    def build() -> object:
        from oxtail.identity.detect import Ladder

        return Ladder(
            disk,
            clock,
            settings.environ if role == "server" else {},
            user_home=settings.user_home,
            locate=transcripts.locate,
        )

    return cast("Detection", Later(build))


def _doors(
    settings: Settings, role: str, kind: str, entry: Callable[[], Entry], trace: Trace
) -> tuple[OwnDoor, ...]:
    """Return the ways in which this server can bring mail to its own client."""
    if role != "server" or not (settings.self_wake and settings.autowake):
        return ()
    environ = settings.environ
    if kind == "claude-code":
        from oxtail.wake.claude_inbox import ClaudeInbox

        return (ClaudeInbox(environ, trace),)

    def thread_id() -> str | None:
        # An id that was only guessed may be that of another screen.
        client = entry().client
        is_sure = client.type == "codex" and client.session_id_source in SURE_SOURCES
        return client.session_id if is_sure else None

    # Codex says neither its name nor its thread in the environment; both come with its calls.
    from oxtail.identity.ancestry import ancestor_pids
    from oxtail.wake.codex_queue import CodexQueue

    return (CodexQueue(None, environ, thread_id, ancestors=ancestor_pids, trace=trace),)


def _tmux_door(
    settings: Settings, disk: Disk, clock: SystemClock, markers: FileMarkers
) -> TmuxDoor:
    """Return the last resort: verified keystrokes into the pane of a peer without another door."""
    from oxtail.identity.ancestry import is_client
    from oxtail.identity.process import is_same_process, run_ps
    from oxtail.tmux.server import Tmux
    from oxtail.wake.records import FileTypings
    from oxtail.wake.tmux_door import System, TmuxDoor

    locks = Locks(disk, PANE_LOCK_SECONDS, disk.trace)
    return TmuxDoor(
        Tmux(settings.environ, disk.trace),
        System(
            run_ps=run_ps,
            is_client=is_client,
            is_same_process=is_same_process,
            lock=lambda pane: locks.holding(disk.layout.pane_lock(pane), "door_lock_stolen"),
            has_marker=lambda session_id: markers.read(session_id) is not None,
        ),
        FileTypings(disk, clock, window_ms=settings.wake_debounce_ms),
        strategy=settings.wake_strategy,
        trace=disk.trace,
    )


def bring_up(ctx: Context) -> BringUp:
    """Return what starts the programs of a fleet in the panes of the user's tmux server."""
    from oxtail.app.bringup import PaneBringUp
    from oxtail.identity.process import run_ps
    from oxtail.tmux.server import Tmux
    from oxtail.wake.pane_front import PaneFront, real_path
    from oxtail.wake.pane_keys import PaneKeys

    keys = PaneKeys(Tmux(ctx.settings.environ, ctx.trace))
    return PaneBringUp(
        ctx.registry,
        ctx.panes,
        PaneFront(keys, run_ps),
        ctx.clock,
        pause=time.sleep,
        real_path=real_path,
    )


def lifecycle(settings: Settings) -> Means:
    """Return what starts, changes and ends fleets in the user's tmux server."""
    from oxtail.app.lifecycle.plans import Means
    from oxtail.core.clean_environ import AGENT_VARIABLES
    from oxtail.disk.fleet_layout import FleetLayout
    from oxtail.store.files.fleet_files import FileFleetFiles
    from oxtail.store.files.fleet_locks import FileFleetLocks
    from oxtail.tmux.server import Tmux
    from oxtail.tmux.workspace import TmuxWorkspace

    # A tmux server that starts here lives on, and is no child of an agent.
    environ = {k: v for k, v in settings.environ.items() if k not in AGENT_VARIABLES}
    ctx = open_context(settings._replace(environ=environ), role="cli")
    disk = Disk(settings.home, fsync=settings.fsync, trace=ctx.trace)
    return Means(
        files=FileFleetFiles(FleetLayout(settings.home)),
        workspace=TmuxWorkspace(
            Tmux(environ, ctx.trace), environ.get("SHELL") or "/bin/sh", AGENT_VARIABLES
        ),
        locks=FileFleetLocks(disk, ctx.trace),
        bring_up=bring_up(ctx),
        projects=ctx.projects,
        digits=lambda: os.urandom(4).hex(),
        own_pane=environ.get("TMUX_PANE"),
        dock=dock(settings),
    )


def strips(settings: Settings) -> TmuxStrips:
    """Return what knows and sizes the strips of the user's tmux server."""
    from oxtail.tmux.server import Tmux
    from oxtail.tmux.strips import TmuxStrips

    return TmuxStrips(Tmux(settings.environ, open_trace(settings.trace_file)), {})


def dock(settings: Settings) -> Dock:
    """Return what gives windows of the user's tmux server their strips."""
    from oxtail.app.dock import Dock
    from oxtail.core.clean_environ import AGENT_VARIABLES
    from oxtail.tmux.server import Tmux
    from oxtail.tmux.strips import TmuxStrips

    environ = {k: v for k, v in settings.environ.items() if k not in AGENT_VARIABLES}
    passed_on = {name: environ[name] for name in STRIP_SETTINGS if environ.get(name)}
    # The tmux server may have been told the size of the terminal that started it.
    size = ("/usr/bin/env", "-u", "COLUMNS", "-u", "LINES")
    # -P: a folder of the project that is called oxtail is not this package.
    program = (*size, sys.executable, "-P", "-m", "oxtail", "cockpit", "--dock", "--project")
    return Dock(
        TmuxStrips(Tmux(environ, open_trace(settings.trace_file)), passed_on),
        lambda root: (*program, root),
        settings.flip,
    )


def carriage(settings: Settings, trace: Trace, clock: Clock) -> Carriage | None:
    """Return what lets this server carry mail between hosts, or None where there are no others."""
    config = os.path.join(settings.home, "nats", "config.json")
    if not settings.environ.get("OXTAIL_NATS_URL") and not os.path.exists(config):
        return None
    from oxtail.store.files.carriage import Carriage

    disk = Disk(settings.home, fsync=settings.fsync, trace=trace)
    command = (sys.executable, "-m", "oxtail", "nats", "carry", "--with-server")
    return Carriage(disk, command, clock.monotonic)


def _wake_records(settings: Settings, disk: Disk, clock: SystemClock, trace: Trace) -> WakeRecords:
    def build() -> object:
        from oxtail.wake.records import FileWakeRecords

        return FileWakeRecords(
            disk,
            clock,
            dedupe_ttl_ms=settings.autowake_dedupe_ttl_ms,
            min_interval_ms=settings.autowake_min_interval_ms,
            waiters_interval_ms=settings.waiter_heal_throttle_ms,
            operator_interval_ms=settings.operator_wake_throttle_ms,
            trace=trace,
        )

    return cast("WakeRecords", Later(build))


def open_context(
    settings: Settings, *, role: str, announced: bool | None = None, stays: bool = False
) -> Context:
    """Return the context of this process on the state folder of *settings*.

    Args:
        settings: The settings.
        role: ``server``, ``python`` or ``cli``.
        announced: Whether the process gets a registry entry; a command has none unless it waits
            for an answer.
        stays: Whether a command runs for long, as a carrier does.
    """
    clock, ids = SystemClock(), RandomIds()
    trace = open_trace(settings.trace_file)
    disk = Disk(settings.home, fsync=settings.fsync, trace=trace)
    # A command takes a lock or two and ends; what spares need takes it longer to load.
    spares = Spares(PYTHON_MODE) if stays or role != "cli" else None
    store = FileStore(
        disk,
        clock,
        ids,
        owner=current_owner(),
        provably_dead=provably_dead,
        received_max=settings.received_max,
        pending_ask_ttl_ms=settings.pending_ask_ttl_ms,
        pending_wake_ttl_ms=settings.pending_wake_ttl_ms,
        lock_budget_ms=settings.lock_budget_ms,
        referenced_boxes=lambda: registry.referenced_boxes(),  # noqa: PLW0108 - made below
        spares=spares,
        stays=role == "server",
        trace=trace,
    )
    registry = FileRegistry(
        disk,
        clock,
        has_mail=store.has_mail,
        adopt_box=store.adopt_box,
        quarantine_box=store.quarantine_box,
    )
    transcripts = _transcripts(settings, clock)
    panes = _panes(settings, trace)
    detection = _detection(settings, role, disk, clock, transcripts)
    first = _first_entry(settings, role, clock)
    sides = file_sides(disk, clock, Locks(disk, settings.lock_budget_ms / 1000, trace, spares))
    markers = FileMarkers(disk)
    doors = _doors(settings, role, first.client.type, lambda: session.entry, trace)
    session = Session(
        first,
        announced=role != "cli" if announced is None else announced,
        registry=registry,
        store=store,
        transcripts=transcripts,
        detection=detection,
        panes=panes,
        clock=clock,
        trace=trace,
        lineage=sides.lineage,
        doorstep=FileDoorstep(disk),
        doors=doors,
        returns=role != "cli",
    )
    return Context(
        settings=settings,
        session=session,
        store=store,
        registry=registry,
        projects=FileProjects(settings.scope),
        presence=markers,
        wake_records=_wake_records(settings, disk, clock, trace),
        waker=DoorWaker(
            settings.wake_strategy,
            trace,
            monotonic=clock.monotonic,
            debounce_ms=settings.wake_debounce_ms,
            doors=(
                LateDoor(
                    "tmux",
                    lambda: _tmux_door(settings, disk, clock, markers),
                    leads_to=lambda entry: entry.tmux_pane is not None,
                    otherwise=Refusal(NO_VERIFIED_PANE),
                ),
            ),
        ),
        panes=panes,
        terminals=_terminals(settings, trace),
        transcripts=transcripts,
        clock=clock,
        ids=ids,
        trace=trace,
        doors=doors,
        **sides._asdict(),
    )
