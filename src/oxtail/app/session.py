"""The session that this process speaks for, and how it learns who it is.

The one place where the own registry entry changes.  Identity is monotonic: what is learned later
never replaces a session id, only an explicit claim does, or the client itself naming its session
on a call.  See ``docs/concepts.md``.
"""

from __future__ import annotations

from _thread import RLock
from typing import TYPE_CHECKING, Any, Final

from oxtail.app.succession import Succession
from oxtail.core.detected import Detected
from oxtail.core.entry import Entry, Known, State
from oxtail.core.names import pid_box, session_box
from oxtail.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oxtail.ports import (
        Clock,
        Detection,
        Doorstep,
        Lineage,
        OwnDoor,
        Panes,
        Registry,
        Store,
        Transcripts,
    )
    from oxtail.trace import Trace

RETRY_SECONDS: Final = (1, 5, 30, 300)
"""When a server that does not know its session looks again, after the handshake."""

CLIENT_NAMED: Final = "call-meta"
"""Source of a session id that the client puts on each call."""

HOOK_NAMED: Final = "hook"
"""Source of a session id that the client's hook names: after a ``/clear`` only hooks know it."""

CLAIMED: Final = "self-register"
"""Source of a session id that was claimed explicitly."""

SURE_SOURCES: Final = ("env", CLAIMED, CLIENT_NAMED, HOOK_NAMED)
"""Sources of a session id that leave no doubt."""


def _nobody_listens() -> None:
    """Do nothing."""


class Session:
    """Who this process is, for its peers and for itself.

    Safe to use from several threads.

    Args:
        entry: What is known at the start.
        announced: Whether the process has a registry entry; a command that only sends has none.
        returns: Whether its session runs again by being here, though another id followed it; a
            command that only acts for a session does not bring it back.
        doors: The session's own doors; those that are open are told to peers.
    """

    def __init__(
        self,
        entry: Entry,
        *,
        announced: bool,
        registry: Registry,
        store: Store,
        transcripts: Transcripts,
        detection: Detection,
        panes: Panes,
        clock: Clock,
        trace: Trace,
        lineage: Lineage,
        doorstep: Doorstep | None = None,
        doors: Sequence[OwnDoor] = (),
        returns: bool = True,
    ) -> None:
        self._entry = entry
        self._announced = announced
        self._registry = registry
        self._store = store
        self._transcripts = transcripts
        self._detection = detection
        self._panes = panes
        self._clock = clock
        self._trace = trace
        self._doorstep = doorstep
        self._doors = tuple(doors)
        self._lock = RLock()
        self._closed = False
        self._client_says: str | None = None
        self._returns = returns
        self._succession = Succession(lineage, registry, store, trace, own_pid=entry.server_pid)
        self._published: Callable[[], None] = _nobody_listens

    @property
    def entry(self) -> Entry:
        """The own registry entry, as last published."""
        return self._entry

    @property
    def id(self) -> str | None:
        """The session id, or None while it is not known."""
        return self._entry.client.session_id

    def ids(self) -> tuple[str, ...]:
        """Return the session id and the earlier ids of this conversation, the youngest first.

        Whatever is looked up by session is looked up under all of them.
        """
        session_id = self.id
        return (session_id, *self._succession.former(session_id)) if session_id else ()

    def boxes(self) -> tuple[str, ...]:
        """Return every box in which mail for this session may lie, its own box first.

        Peers that know no session boxes write to a process box, perhaps of an earlier server.
        """
        own = (pid_box(self._entry.server_pid),) if self._announced else ()
        boxes: list[str] = []
        for session_id in self.ids():
            others = map(pid_box, self._registry.pids_of(session_id))
            boxes += (session_box(session_id), *own, *others)
        return tuple(dict.fromkeys(boxes or own))

    def tell(self, published: Callable[[], None]) -> None:
        """Call *published*, which must be quick, whenever id, boxes or doors may be others."""
        self._published = published

    def open(self) -> None:
        """Publish the entry, with the identity that the environment gives at no cost.

        Raises:
            StoreError: the state folder cannot be used.
        """
        with self._lock:
            if self.id is None and (found := self._detection.from_env(self._entry.client.type)):
                self._entry = self._with(found)
            self._client_says = self.id
            if self.id and self._returns:
                self._succession.begin(self.id)
            self._publish()

    def handshake(self, client_name: str | None) -> None:
        """Learn from the client's name what it is, then look again for its session."""
        self._refine("oninitialized", self._detection.client_type(client_name))

    def retry(self, trigger: str) -> bool:
        """Look again for the session; return whether looking once more makes sense."""
        if self.id is None and self._entry.client.type != "unknown":
            self._refine(trigger, self._entry.client.type)
        if self.id is None and self._detection.is_hopeless():
            self._trace("detect_skip_retries", reason="all-structural")
            return False
        return self.id is None and self._entry.client.type != "unknown"

    def refresh(self) -> None:
        """Run detection once more, as ``get_my_session`` does."""
        self.stay()
        self._refine("get_my_session", self._entry.client.type)

    def diagnose(self) -> dict[str, Any]:
        """Return what each way to learn the session id found, or why it found nothing."""
        return self._detection.diagnose(self._entry)

    def settle(self) -> None:
        """Add to the entry what takes processes to find out: start signature and pane."""
        signature = self._detection.signature()
        pane = self._panes.host_of(self._entry.server_pid)
        with self._lock:
            settled = self._entry._replace(
                proc_sig=signature,
                tmux_pane=pane.pane_id if pane else None,
                tmux_session=pane.session if pane else None,
            )
            if settled != self._entry:
                self._entry = settled
                self._publish()
        self._store.sweep()

    def caller_named(self, thread_id: str) -> None:
        """Take *thread_id*, which the client put on a call, as the session.

        A session that was claimed explicitly stays.
        """
        with self._lock:
            self._client_says = thread_id
            client = self._entry.client
            if thread_id == client.session_id:
                self._confirm(CLIENT_NAMED)
                return
            if client.session_id and client.session_id_source == CLAIMED:
                self._trace(
                    "detect_preserved_existing_session_id",
                    trigger=CLIENT_NAMED,
                    existing_session_id=client.session_id,
                    existing_source=client.session_id_source,
                    detected_session_id=thread_id,
                    detected_source=CLIENT_NAMED,
                )
                return
            kind = "codex" if client.type == "unknown" else client.type
            self._entry = self._entry._replace(client=client._replace(type=kind))
            self._go_by(thread_id, CLIENT_NAMED)

    def named_by_hook(self, session_id: str) -> None:
        """Take *session_id*, which a hook of this conversation carries, as the session.

        A client gives a conversation a new id, and its server learns that from the next hook; mail
        for the earlier ids stays in the inbox.  A claim of another id than the client's own stays.
        """
        with self._lock:
            before, self._client_says = self._client_says, session_id
            client = self._entry.client
            known = client.session_id
            if session_id == known:
                self._confirm(HOOK_NAMED)
                return
            if known and client.session_id_source == CLAIMED and known != before:
                if session_id != before:
                    self._publish()
                return
            self._go_by(session_id, HOOK_NAMED)

    def _go_by(self, session_id: str, source: str) -> None:
        """Be *session_id*, which the client names, and go on for the id that it had, if any."""
        client = self._entry.client
        if client.session_id is None:
            self._succession.begin(session_id)
        elif client.session_id_source in SURE_SOURCES:
            self._succession.follow(client.session_id, session_id, source)
        # Else the id was a guess, perhaps a stranger's, and the client has corrected it.
        self._entry = self._with(Detected(session_id, source))
        self._publish()

    def _confirm(self, source: str) -> None:
        """Be sure of the known session, if it was a guess: some doors open only then."""
        client = self._entry.client
        assert client.session_id is not None
        self._succession.catch_up(client.session_id)
        if client.session_id_source in SURE_SOURCES:
            return
        self._entry = self._entry._replace(client=client._replace(session_id_source=source))
        self._publish()

    def claim(self, session_id: str, name: str | None = None) -> Entry:
        """Be *session_id* from now on, and remember it for a server that is restarted."""
        with self._lock:
            former = self.ids()
            if session_id in former[1:]:
                self._succession.follow(former[0], session_id, CLAIMED)
            elif self._returns:
                self._succession.begin(session_id)
            self._entry = self._with(Detected(session_id, CLAIMED))
            if name:
                self._entry = self._entry._replace(name=name)
            self._publish()
            self._detection.remember(self._entry)
            return self._entry

    def show(self, purpose: str | None) -> State:
        """Set the card that peers see; None keeps the purpose and renews its time."""
        with self._lock:
            old = self._entry.state
            kept = purpose if purpose is not None else (old.purpose if old else None)
            state = State(kept, int(self._clock.now()))
            self._entry = self._entry._replace(state=state)
            self._publish()
            return state

    def show_doors(self) -> None:
        """Tell peers which doors are open now, if that is not what they were told."""
        with self._lock:
            if self._open_doors() != self._entry.doors:
                self._publish()

    def stay(self) -> bool:
        """Publish the entry again if somebody has removed it; return whether it is there anew."""
        with self._lock:
            if self._closed or not self._announced or self._registry.live(self._entry.server_pid):
                return False
            try:
                self._publish()
            except StoreError as error:
                self._trace("publish_failed", error=error.message)
                return False
            self._trace("entry_restored", session_id=self.id)
            return True

    def close(self) -> None:
        """Withdraw the entry; the session stays known and its mail waits for its return."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._announced:
                self._registry.withdraw()

    def _with(self, found: Detected) -> Entry:
        client = self._entry.client
        path = found.transcript_path or self._transcripts.locate(
            client.type, found.session_id, client.cwd
        )
        return self._entry._replace(
            client=client._replace(
                session_id=found.session_id,
                session_id_source=found.source,
                transcript_path=path,
            )
        )

    def _refine(self, trigger: str, client_type: str) -> None:
        before = self._entry
        kind = client_type if client_type != "unknown" else before.client.type
        candidate = before._replace(client=before.client._replace(type=kind))
        found = self._detection.detect(candidate, trigger)
        recovered = None
        if candidate.client.session_id is None and found is None and kind != "unknown":
            recovered = self._detection.recover(candidate)
        with self._lock:
            client = self._entry.client._replace(type=kind)
            self._entry = self._entry._replace(client=client)
            if client.session_id is None:
                learned = found or recovered
                if learned:
                    self._entry = self._with(learned)
                    if recovered:
                        self._detection.remember(self._entry)
            else:
                self._keep(trigger, found)
            if self._entry != before:
                self._publish()

    def _keep(self, trigger: str, found: Detected | None) -> None:
        """Keep the known session, and say so where detection disagrees."""
        client = self._entry.client
        assert client.session_id is not None
        if found and found.session_id != client.session_id:
            self._trace(
                "detect_preserved_existing_session_id",
                trigger=trigger,
                existing_session_id=client.session_id,
                existing_source=client.session_id_source,
                detected_session_id=found.session_id,
                detected_source=found.source,
            )
        path = self._transcripts.locate(client.type, client.session_id, client.cwd)
        if path:
            self._entry = self._entry._replace(client=client._replace(transcript_path=path))

    def _remember(self) -> None:
        """Stay known although there is no entry, so that peers can reply later."""
        client = self._entry.client
        if client.session_id is None:
            return
        try:
            self._registry.remember(
                Known(
                    session_id=client.session_id,
                    name=self._entry.name,
                    client_type=client.type,
                    cwd=client.cwd,
                    last_seen=int(self._clock.now()),
                    project=self._entry.project,
                )
            )
        except StoreError as error:
            self._trace("known_session_not_kept", error=error.message)

    def _open_doors(self) -> tuple[str, ...]:
        return tuple(door.name for door in self._doors if door.is_available())

    def _publish(self) -> None:
        if self._closed:
            return
        if self._announced:
            self._entry = self._entry._replace(doors=self._open_doors())
            self._registry.publish(self._entry)
            self._lead_hooks()
        else:
            self._remember()
        self._published()

    def _lead_hooks(self) -> None:
        """Tell hooks, which know only what the client calls the session, where its mail lies."""
        if self._doorstep is None or self.id is None:
            return
        boxes = self.boxes()
        for session_id in dict.fromkeys((self.id, self._client_says or self.id)):
            self._doorstep.place(session_id, boxes)
