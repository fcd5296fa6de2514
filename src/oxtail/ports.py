"""The edges of oxtail: what the use cases ask for, and what an adapter promises.

Adapters with the same name implement these: :mod:`oxtail.store.files` and
:mod:`oxtail.store.memory` the stores, :mod:`oxtail.identity` the registry and projects,
:mod:`oxtail.wake` presence and wakes, :mod:`oxtail.transcripts` the transcripts.
Use cases in :mod:`oxtail.app` import this module and no adapter.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from oxtail.core.address import Route
    from oxtail.core.correlation import Ask
    from oxtail.core.detected import Detected
    from oxtail.core.entry import Entry, Known
    from oxtail.core.envelope import Envelope
    from oxtail.core.mail import Claim, Peek, Receipt, Sent
    from oxtail.core.offer import Offer
    from oxtail.core.pane import Pane
    from oxtail.core.presence import Marker
    from oxtail.core.scope import Place
    from oxtail.core.transcript import Transcript


class Clock(Protocol):
    """Time, so that tests can turn it by hand."""

    def now(self) -> float:
        """Return the wall clock in unix seconds."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""


class Ids(Protocol):
    """New names for new things."""

    def new_id(self) -> str:
        """Return sixteen random hex digits, never the same twice."""


class Bell(Protocol):
    """A doorbell that a waiter listens to; a context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...

    def wait(self, timeout: float) -> bool:
        """Wait up to *timeout* seconds; return True if it rang, and forget all earlier rings.

        A ring is a hint: look into the box, whatever this returns.
        """

    def interrupt(self) -> None:
        """Make a :meth:`wait` in another thread return at once, now or later."""


class Store(Protocol):
    """Mail and the records about it.

    Every method may raise :class:`~oxtail.errors.StoreError`; none leaves half a record visible.
    """

    def put(self, route: Route, envelope: Envelope, *, repeat: bool = False) -> None:
        """Make *envelope* exist for the receiver of *route*.

        Commit point: the line is in the box and synced.  Before it the reply handle is written to
        the receiver's ledger, synced; after it the sender's record is made and the doorbell rung,
        and neither can fail the call.  A crash before the commit point leaves at most a handle
        without mail.

        Args:
            route: The receiver.
            envelope: The message; its id is fixed before the first try.
            repeat: True if the same id may have been put before.  Then a message that is already
                in the box, claimed, or shown is not put again, and a ledger line is not doubled.

        Raises:
            LockBusy: a lock stayed taken for the whole budget.
            StoreError: the disk refused.
        """

    def put_copy(self, box: str, envelope: Envelope) -> None:
        """Append *envelope* to one more box of the same receiver; no ledger, no sender's record."""

    def peek(self, boxes: Sequence[str]) -> Peek:
        """Return the mail in *boxes* in order, taking nothing and no lock.

        Claims abandoned by dead processes are returned to these boxes first.
        A message with a receipt, or seen in an earlier box, is left out.
        """

    def claim(self, boxes: Sequence[str], ids: Collection[str]) -> Claim:
        """Take the messages with these *ids* out of *boxes* and hold them for this process.

        A copy of a message in a later box, and a message that has a receipt, is taken with the
        claim and not returned.  Lines that are no messages are set aside as damaged.
        After a crash the claim goes back to its boxes, unless the messages have receipts.
        """

    def ack(self, claim: Claim, via: str, session_id: str | None) -> None:
        """Finish *claim*: its messages were shown to *session_id* through *via*.

        Receipts are written first, then the claim is dropped.
        """

    def release(self, claim: Claim) -> None:
        """Return the mail of *claim* to the front of its boxes, unshown."""

    def retract(self, claim: Claim) -> None:
        """Undo an :meth:`ack`: withdraw the receipts and put the mail back into its boxes."""

    def lookup(self, session_id: str, message_id: str) -> Envelope | None:
        """Return the message *message_id* that *session_id* received, or None."""

    def answers(self, session_id: str, request_id: str, from_session_id: str) -> tuple[str, ...]:
        """Return ids of messages in the ledger of *session_id* that answer *request_id*."""

    def receipt(self, message_id: str) -> Receipt | None:
        """Return the proof that a message was shown, or None."""

    def sent(self, message_id: str) -> Sent | None:
        """Return the sender's record of a message, or None."""

    def is_waiting(self, boxes: Sequence[str], message_id: str) -> bool:
        """Tell whether a message lies in one of *boxes* or in a claim on them."""

    def adopt_box(self, source: str, target: str) -> int:
        """Move all mail of box *source* to box *target*; return how many messages moved.

        A crash between the two may repeat messages, with the same ids.
        """

    def quarantine_box(self, box: str, reason: str) -> int:
        """Set the content of *box* aside as damaged, because it belongs to somebody else."""

    def has_mail(self, box: str) -> bool:
        """Tell whether *box* holds anything."""

    def bell(self, boxes: Sequence[str], *, patient: bool = False) -> Bell:
        """Return a doorbell that rings when mail is put into one of *boxes*.

        Peers of other kinds do not ring, so a waiting bell also looks at the boxes: many times a
        second for whoever waits for an answer, once a second for a *patient* one that waits all
        day.
        """

    def open_ask(self, ask: Ask) -> None:
        """Record that this process waits for the answer to *ask*.

        Raises:
            StoreError: it cannot be recorded; then nothing may wait on it.
        """

    def close_ask(self, ask: Ask) -> None:
        """Forget an answered question, both the waiting record and the pending one."""

    def suspend_ask(self, ask: Ask) -> None:
        """Turn the waiting record of *ask* into a pending ask, which peers of all kinds see.

        From then on a late answer pulls the asker back.
        """

    def waiting_asks(self, session_id: str) -> tuple[Ask, ...]:
        """Return the questions that live processes of *session_id* are waiting on.

        Records whose process is provably dead become pending asks on the way.
        """

    def pending_asks(self, session_id: str) -> tuple[Ask, ...]:
        """Return the questions of *session_id* that nobody waits on any more, within the TTL."""

    def consume_pending_ask(self, session_id: str, request_id: str) -> bool:
        """Take the pending ask for an answer that arrives late; True for exactly one taker.

        A record older than the TTL is removed and counts as absent.  A waiting record of a dead
        process counts as pending.
        """

    def sweep(self) -> None:
        """Remove what has outlived its use: old receipts, sender's records, temporary files."""

    def hurried(self, budget_ms: int) -> Store:
        """Return this store for a caller that waits for no lock longer than *budget_ms*.

        The same *budget_ms* gives the same store; claims of one are not seen as its own by another.
        """


class Projects(Protocol):
    """Which project a folder belongs to."""

    def place(self, path: str) -> Place:
        """Return the place of *path*; a path that cannot be resolved is its own place."""


class Registry(Protocol):
    """Who is running."""

    def publish(self, entry: Entry) -> None:
        """Make *entry* visible; the old one of this process is replaced in one step.

        The entry is published before anything of dead siblings is collected.
        """

    def withdraw(self) -> None:
        """Remove this process's entry; its session stays known."""

    def entries(self) -> tuple[Entry, ...]:
        """Return the live entries; of several for one session only the freshest."""

    def answering(self, target: str) -> tuple[Entry, ...]:
        """Return those of :meth:`entries` whose id, name or tmux session is *target*.

        Costs less: only these are asked whether they live.
        """

    def live(self, pid: int) -> Entry | None:
        """Read the entry of *pid* anew, or None if it is gone, dead, or another process now."""

    def pids_of(self, session_id: str) -> tuple[int, ...]:
        """Return the processes, live or dead, whose entries name *session_id*, oldest first."""

    def remember(self, known: Known) -> None:
        """Keep *known* as a session that may come back."""

    def known(self) -> tuple[Known, ...]:
        """Return the sessions that may come back, whether they run or not."""

    def holder(self, session_id: str) -> Entry | None:
        """Return the live entry of another process tree that holds *session_id*, or None."""


class Detection(Protocol):
    """Ways to learn who sits behind this server without asking."""

    def client_type(self, client_name: str | None) -> str:
        """Return the client's type from the name in its handshake, else from the environment."""

    def from_env(self, client_type: str) -> Detected | None:
        """Return the session that the environment names; costs nothing."""

    def detect(self, entry: Entry, trigger: str) -> Detected | None:
        """Run the whole ladder for *entry* and trace it as *trigger*; may start processes."""

    def is_hopeless(self) -> bool:
        """Tell whether the last :meth:`detect` found nothing and never will."""

    def diagnose(self, entry: Entry) -> dict[str, Any]:
        """Return ``per_strategy``, ``winning`` and ``next_step`` for whoever wants to know why."""

    def recover(self, entry: Entry) -> Detected | None:
        """Return the identity that an earlier server of the same client claimed."""

    def remember(self, entry: Entry) -> None:
        """Keep the identity of *entry* for a server that is restarted; failures are traced."""

    def signature(self) -> str:
        """Return what ``ps`` says about the start of this process, or an empty string."""


class Presence(Protocol):
    """Busy and idle markers, written by hooks."""

    def read(self, session_id: str) -> Marker | None:
        """Return the marker of *session_id*, or None."""

    def write(self, session_id: str, state: str) -> None:
        """Say that *session_id* is ``busy`` or ``idle`` from now on.

        Raises:
            StoreError: the disk refused; the old marker stands.
        """

    def clear(self, session_id: str) -> None:
        """Remove the marker of *session_id*, if there is one.

        Raises:
            StoreError: it is there and cannot be removed.
        """


class Doorstep(Protocol):
    """Which boxes belong to a session, for hooks that cannot work it out."""

    def place(self, session_id: str, boxes: Collection[str]) -> None:
        """Say that mail for *session_id* lies in *boxes* and nowhere else.  Never raises."""


class WakeRecords(Protocol):
    """What keeps automatic wakes rare, shared by all processes."""

    def claim_reply_wake(self, session_id: str, reply_to: str) -> str | None:
        """Claim the one automatic wake that this reply may cause.

        Returns:
            None if the caller won, else the wake status that says why not: ``skipped_deduped``,
            ``skipped_rate_limited`` or ``skipped_store_error``.
        """

    def stamp(self, session_id: str, reply_to: str) -> None:
        """Record an automatic wake that needs no permission; never raises."""


class Waker(Protocol):
    """Something that can make an idle session look at its mail.  A wake is a hint."""

    def wake(self, entry: Entry) -> str:
        """Try to wake the session of *entry*; return the wake status.  Never raises."""


class OwnDoor(Protocol):
    """A way in which a session's own server brings a text in front of its client."""

    name: str

    def is_available(self) -> bool:
        """Tell whether an offer has a chance now; starts no process and connects to nothing."""

    def offer(self, text: str) -> Offer:
        """Hand *text* to the client, within a bounded time.  Never raises.

        Clients drop a text that they have seen a moment ago, so *text* names the ids of the
        messages that it is about.
        """


class Panes(Protocol):
    """tmux, as far as discovery and reading need it."""

    def list(self) -> tuple[Pane, ...]:
        """Return all panes; none where there is no tmux or no tmux server.

        Raises:
            PaneError: tmux answered with something else.
        """

    def host_of(self, pid: int) -> Pane | None:
        """Return the pane that provably runs process *pid*, by the process tree."""

    def capture(self, pane_id: str, lines: int) -> str:
        """Return the last *lines* rows of a pane.

        Raises:
            PaneError: there is no such pane, or tmux failed.
        """


class Transcripts(Protocol):
    """The clients' own records of their conversations."""

    def locate(self, client_type: str, session_id: str, cwd: str) -> str | None:
        """Return the transcript path of a session, or None where the client is unknown."""

    def read(
        self,
        path: str,
        client_type: str,
        *,
        limit: int,
        max_bytes: int,
        timestamps: bool,
        tail_scan: bool,
    ) -> Transcript:
        """Return the end of the transcript at *path*; a missing file is an empty transcript.

        Raises:
            OSError: the file is there and cannot be read.
        """
