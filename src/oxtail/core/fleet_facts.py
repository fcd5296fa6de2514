"""What the snapshot of a fleet is made from: plain records, gathered by :mod:`oxtail.app.fleet`.

The rule: these are facts, not conclusions.  Their order does not matter, they may be hostile, and
the same facts always give the same snapshot (:func:`oxtail.core.snapshot.snapshot`).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from oxtail.core.activity import Activity
from oxtail.core.liveness import Life, Limits
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from oxtail.core.census import BoxView, Counted, LedgerView
    from oxtail.core.correlation import OpenAsk
    from oxtail.core.envelope import Envelope
    from oxtail.core.history import Record
    from oxtail.core.notice import Notice
    from oxtail.core.pane import Pane
    from oxtail.core.presence import Marker
    from oxtail.core.waits import Standing

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class AgentFacts(Value):
    """What is known of one agent.

    Attributes:
        session_id: The id that it goes by now, or None while it has said none.
        server_pid: Its process; None where only a record of it is left.
        client_type: As in a registry entry.
        cwd: Its working folder.
        name: Its chosen name.
        life: Its process.
        is_proved: Whether a signature of the start of its process was compared.
        purpose: What it says of itself, or None.
        purpose_at: When it said so, in unix seconds.
        transcript_path: Its transcript, if known.
        activity: What the end of that says.
        marker: What its hooks last said.
        pane: The pane that provably hosts its process.
        pane_busy: Whether that pane shows that it works.
        pane_tail: What its client says of that there.
        ids: All session ids that it has had, itself first.
        boxes: What waits for it.
        is_self: Whether it is the one who looks.
        files: Names of its files in the state folder, by which findings are matched.
    """

    session_id: str | None
    server_pid: int | None
    client_type: str
    cwd: str
    name: str | None = None
    life: Life = Life.RUNNING
    is_proved: bool = False
    purpose: str | None = None
    purpose_at: int | None = None
    transcript_path: str | None = None
    activity: Activity = Activity()
    marker: Marker | None = None
    pane: Pane | None = None
    pane_busy: bool = False
    pane_tail: str | None = None
    ids: tuple[str, ...] = ()
    boxes: tuple[BoxView, ...] = ()
    is_self: bool = False
    files: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """What names the agent from one snapshot to the next."""
        return self.session_id or f"pid:{self.server_pid}"


class Alert(Value):
    """Something that ``oxtail doctor`` found.

    Attributes:
        check: Which check; stable.
        level: ``wrong`` or ``note``.
        problem: What is the case.
        remedy: What mends it.
        path: Where, or None.
    """

    check: str
    level: str
    problem: str
    remedy: str
    path: str | None = None


class Facts(Value):
    """Everything that a snapshot is made from.

    Attributes:
        at: Now, in unix seconds.
        project_root: The project, or None for all of them.
        agents: The agents of that project, each once.
        self_session_id: Who looks, if that is a session.
        heirs: For session ids that were followed by another one: that one.
        standings: What can be expected of sessions that are none of *agents*.
        asks: Open questions; those that concern none of *agents* are left out.
        ledgers: What ledgers say, by session id.
        records: The latest messages in the ledgers of *agents*.
        unclaimed: Keys of agents without a session id, each with a message that waits for it.
        notices: The latest lines for the human.
        findings: What doctor found.
        panes_known: Whether tmux has told of any pane.
        warnings: What could not be looked at.
        acknowledged: Keys of the trouble that a person knows of.
        limits: How long observations count.
        truncated: Whether there was more than was looked at.
        held: What policies hold, by the session id that it is for.
    """

    at: float
    project_root: str | None = None
    agents: tuple[AgentFacts, ...] = ()
    self_session_id: str | None = None
    heirs: Mapping[str, str] = _NOTHING
    standings: Mapping[str, Standing] = _NOTHING
    asks: tuple[OpenAsk, ...] = ()
    ledgers: Mapping[str, LedgerView] = _NOTHING
    records: tuple[Record, ...] = ()
    unclaimed: tuple[tuple[str, Envelope], ...] = ()
    notices: tuple[Notice, ...] = ()
    findings: tuple[Alert, ...] = ()
    panes_known: bool = False
    warnings: tuple[str, ...] = ()
    acknowledged: frozenset[str] = frozenset()
    limits: Limits = Limits()
    truncated: bool = False
    held: Mapping[str, BoxView] = _NOTHING


def one_per_session(
    counted: Iterable[Counted], heirs: Mapping[str, str] = _NOTHING
) -> tuple[Counted, ...]:
    """Return of the entries of each session one; those without a session id all stay.

    A process that runs goes before one that does not: a client may start two servers, and the one
    that ends first does not take the agent with it.  Of several alike the newest counts.
    """
    chosen: dict[str, Counted] = {}
    for each in counted:
        entry = each.entry
        session_id = entry.session_id
        key = heirs.get(session_id, session_id) if session_id else f"pid:{entry.server_pid}"
        other = chosen.get(key)
        if other is None or _rank(each) > _rank(other):
            chosen[key] = each
    return tuple(chosen[key] for key in sorted(chosen))


def _rank(counted: Counted) -> tuple[bool, int, int]:
    entry = counted.entry
    return counted.life is Life.RUNNING, entry.started_at, entry.server_pid
