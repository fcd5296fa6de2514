"""What one look at the state folder finds, for whoever shows it: processes, boxes, ledgers.

Belongs here: values that adapters make and the snapshot of a fleet is built from.  Never here:
what they mean; :mod:`oxtail.core.snapshot` says that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.value import Value

if TYPE_CHECKING:
    from oxtail.core.entry import Entry, Known
    from oxtail.core.envelope import Envelope
    from oxtail.core.liveness import Life
    from oxtail.core.pane import Pane, PaneView
    from oxtail.core.work import Owed

BODY_KEPT_CHARS: Final = 400
"""How much of the body of open work is kept: a line for people."""


class Counted(Value):
    """A registry entry, and what is known of its process.

    Attributes:
        entry: The entry.
        life: Its process.
        is_proved: Whether a signature of its start was compared; without one another process may
            have the pid unnoticed.
    """

    entry: Entry
    life: Life
    is_proved: bool


class Census(Value):
    """All registry entries, whether their processes run or not.

    Attributes:
        counted: Them, by process id.
        known: Sessions that may come back, the last seen first.
        unreadable: Names of the files that are no entries, or cannot be read.
    """

    counted: tuple[Counted, ...] = ()
    known: tuple[Known, ...] = ()
    unreadable: tuple[str, ...] = ()


class Letter(Value):
    """A message that nobody was shown.

    Attributes:
        id: The message.
        enqueued_at: When it was sent, in unix seconds.
        sender: By whom, if that was said.
        action_required: Whether it delegates work.
        deadline: When that is due, in unix seconds, or None.
    """

    id: str
    enqueued_at: int
    sender: str | None
    action_required: bool = False
    deadline: int | None = None

    @classmethod
    def of(cls, message: Envelope) -> Letter:
        """Return what is kept of *message*."""
        return cls(
            message.id,
            message.enqueued_at,
            message.from_session_id,
            message.action_required,
            message.deadline,
        )


class BoxView(Value):
    """What lies in a box, or was taken out of it and not acknowledged.

    Attributes:
        letters: The messages, each once.
        is_sure: Whether all of the box could be read and understood.
    """

    letters: tuple[Letter, ...] = ()
    is_sure: bool = True


class LedgerView(Value):
    """What a ledger says about waits and work.

    Attributes:
        owed: Work that has not ended, oldest first; bodies are cut.
        answered: Which requests were answered, and by whom.
        asked: Which requests were received, and from whom.
        is_sure: Whether all of the ledger could be read.
    """

    owed: tuple[Owed, ...] = ()
    answered: frozenset[tuple[str, str | None]] = frozenset()
    asked: frozenset[tuple[str, str]] = frozenset()
    is_sure: bool = True


class PaneTable(Value):
    """All panes, which of them provably hosts which process, and what some of these show.

    A view is there only of a pane that hosts the process, and was looked at in the same moment.
    """

    panes: tuple[Pane, ...] = ()
    hosts: tuple[tuple[int, Pane], ...] = ()
    views: tuple[tuple[int, PaneView], ...] = ()
