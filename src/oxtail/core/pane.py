"""A tmux pane, as far as discovery, reading and the look at a fleet need it."""

from __future__ import annotations

from oxtail.core.value import Value


class PaneView(Value):
    """What a pane shows of the work of its agent.

    Attributes:
        busy: Whether its client says that a turn is going on.
        tail: What the client says of that, safe to show; None where it says no more.
    """

    busy: bool = False
    tail: str | None = None


class Pane(Value):
    """One tmux pane.

    Attributes:
        session: Name of its tmux session.
        session_path: Folder in which that session was created.
        created_at: When that session was created, unix seconds.
        attached: Whether a client looks at it.
        windows: How many windows that session has.
        pane_id: ``%`` and a number.
        pane_pid: The process that the pane runs.
        path: The pane's current folder.
        active: Whether this is the pane that the session shows.
        window: Name of its window; a label, set by anybody, and never an identity.
        window_index: Number of that window in its session, or None.
        output_at: When it last had output, in unix seconds, or None.
        shown: Whether a client looks at its window; None where that is not known.
    """

    session: str
    session_path: str
    created_at: int
    attached: bool
    windows: int
    pane_id: str
    pane_pid: int
    path: str
    active: bool = False
    window: str = ""
    window_index: int | None = None
    output_at: int | None = None
    shown: bool | None = None
