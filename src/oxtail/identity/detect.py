"""How a server learns which session it belongs to, without asking.

The ladder: ordered strategies, each of which hits or says why it abstains.  The first hit wins; a
diagnosis runs all.  Nothing here changes an identity that is known already, the session decides
that.  ``docs/concepts.md`` tells why each rung stands where it does.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from oxtail.core.detected import Detected
from oxtail.core.names import is_session_id
from oxtail.core.value import Value
from oxtail.identity.ancestry import Ancestor, ancestors
from oxtail.identity.births import births, in_window
from oxtail.identity.claims import StickyClaims
from oxtail.identity.drops import FRESH_SECONDS, GRACE_SECONDS, Drops
from oxtail.identity.process import lstart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from oxtail.core.entry import Entry
    from oxtail.disk.atomic import Disk
    from oxtail.ports import Clock

HIGH: Final = "high"
MEDIUM: Final = "medium"

_CODEX_SIGNS: Final = (
    "CODEX_HOME",
    "CODEX_THREAD_ID",
    "CODEX_COMPANION_SESSION_ID",
    "CODEX_RUNTIME",
)
_CODEX_IDS: Final = ("CODEX_THREAD_ID", "CODEX_COMPANION_SESSION_ID")
_CLAUDE_ID: Final = "CLAUDE_CODE_SESSION_ID"


class Hit(Value):
    """A session id, how it was found, and how sure that is (``high`` or ``medium``)."""

    session_id: str
    source: str
    confidence: str

    def as_dict(self) -> dict[str, Any]:
        """Return the members."""
        return self._asdict()


class Abstention(Value):
    """Why a strategy found nothing; *structural* if it never will."""

    reason: str
    structural: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the members that apply."""
        members: dict[str, Any] = {"abstain": True, "reason": self.reason}
        return {**members, "structural": True} if self.structural else members


Outcome = Hit | Abstention


class Diagnosis(Value):
    """What each strategy that was tried came to, in order."""

    outcomes: tuple[tuple[str, Outcome], ...]
    client_type: str

    @property
    def winning(self) -> tuple[str, Hit] | None:
        """The first strategy that hit, and its hit."""
        for name, outcome in self.outcomes:
            if isinstance(outcome, Hit):
                return name, outcome
        return None

    @property
    def is_hopeless(self) -> bool:
        """Whether nothing was found and no strategy ever will."""
        return all(isinstance(each, Abstention) and each.structural for _, each in self.outcomes)

    @property
    def next_step(self) -> dict[str, str] | None:
        """What the agent can do itself where nothing was found."""
        if self.winning or self.client_type == "unknown":
            return None
        variable = _CODEX_IDS[0] if self.client_type == "codex" else _CLAUDE_ID
        return {
            "tool": "register_my_session",
            "instruction": "Run the command in your shell and pass what it prints as session_id.",
            "bash_command": f"echo ${variable}",
        }

    def as_dict(self) -> dict[str, Any]:
        """Return ``per_strategy``, ``winning`` and ``next_step``."""
        winning = self.winning
        return {
            "per_strategy": {name: outcome.as_dict() for name, outcome in self.outcomes},
            "winning": {**winning[1].as_dict(), "strategy": winning[0]} if winning else None,
            "next_step": self.next_step,
        }


def client_type_from_env(environ: Mapping[str, str]) -> str:
    """Return the type of the client that set *environ*."""
    if environ.get("CLAUDECODE") == "1":
        return "claude-code"
    return "codex" if any(environ.get(name) for name in _CODEX_SIGNS) else "unknown"


def client_type_from_name(name: str | None) -> str:
    """Return the type of the client that calls itself *name* in its handshake."""
    lowered = (name or "").lower()
    if "claude" in lowered:
        return "claude-code"
    return "codex" if "codex" in lowered else "unknown"


def session_id_from_env(client_type: str, environ: Mapping[str, str]) -> str | None:
    """Return the session id that *environ* names, or None; a malformed one is absent."""
    names = {"claude-code": (_CLAUDE_ID,), "codex": _CODEX_IDS}.get(client_type, ())
    return next((environ[name] for name in names if is_session_id(environ.get(name, ""))), None)


def _real(path: str) -> str:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):  # a NUL, or a character that no file name can have
        return path


def choose_drop(
    drops: Drops, entry: Entry, now: float, ancestors: Callable[[], tuple[Ancestor, ...]]
) -> Outcome:
    """Return the session that a SessionStart hook announced for the folder of *entry*."""
    here = _real(entry.client.cwd)
    candidates = [drop for drop in drops.all(now) if drop.cwd and _real(drop.cwd) == here]
    if not candidates:
        return Abstention("no session start was recorded for this folder")
    above = ancestors()
    confirmed = [drop for drop in candidates if drop.sig and (drop.ppid, drop.sig) in above]
    if len(confirmed) == 1:
        return Hit(confirmed[0].session_id, "hook-drop", HIGH)
    if confirmed:
        return Abstention("several sessions started under this client")
    if len(candidates) > 1:
        return Abstention("several sessions started here, none under this client", structural=True)
    if candidates[0].written_at < entry.started_at - FRESH_SECONDS:
        return Abstention("the only session start here is older than this server")
    if now - entry.started_at < GRACE_SECONDS:
        return Abstention("the only session start here may be a neighbor's; too early to tell")
    return Hit(candidates[0].session_id, "hook-drop", MEDIUM)


class Ladder:
    """The ladder for this process; implements :class:`oxtail.ports.Detection`.

    Args:
        disk: The state folder; its trace gets the events.
        clock: Time.
        environ: The variables that identity is read from.
        user_home: The user's home folder.
        locate: Returns the transcript path of a client type, session id and folder.
        ancestors: Returns the processes above this one.
    """

    def __init__(
        self,
        disk: Disk,
        clock: Clock,
        environ: Mapping[str, str],
        *,
        user_home: str,
        locate: Callable[[str, str, str], str | None],
        ancestors: Callable[[], tuple[Ancestor, ...]] = ancestors,
    ) -> None:
        self._trace = disk.trace
        self._clock = clock
        self._environ = environ
        self._user_home = user_home
        self._locate = locate
        self._ancestors = ancestors
        self._drops = Drops(disk)
        self._claims = StickyClaims(disk, clock, ancestors)
        self._last: Diagnosis | None = None

    @property
    def strategies(self) -> tuple[tuple[str, Callable[[Entry], Outcome]], ...]:
        """The rungs by name, the surest first."""
        return (
            ("env", self._by_env),
            ("hook-drop", self._by_hook_drop),
            ("birth-time", self._by_birth_time),
        )

    def client_type(self, client_name: str | None) -> str:
        """Return the client's type from the name in its handshake, else from the environment."""
        kind = client_type_from_name(client_name)
        return client_type_from_env(self._environ) if kind == "unknown" else kind

    def from_env(self, client_type: str) -> Detected | None:
        """Return the session that the environment names; costs nothing."""
        session_id = session_id_from_env(client_type, self._environ)
        return Detected(session_id, "env") if session_id else None

    def detect(self, entry: Entry, trigger: str) -> Detected | None:
        """Climb the ladder for *entry* up to the first hit, and trace the climb as *trigger*."""
        outcomes: list[tuple[str, Outcome]] = []
        for name, strategy in self.strategies:
            outcomes.append((name, strategy(entry)))
            if isinstance(outcomes[-1][1], Hit):
                break
        diagnosis = self._last = Diagnosis(tuple(outcomes), entry.client.type)
        winning = diagnosis.winning
        self._trace(
            "detect_run",
            trigger=trigger,
            winning_strategy=winning[0] if winning else None,
            session_id=winning[1].session_id if winning else None,
            per_strategy={name: outcome.as_dict() for name, outcome in outcomes},
            next_step=diagnosis.next_step,
        )
        return Detected(winning[1].session_id, winning[1].source) if winning else None

    def is_hopeless(self) -> bool:
        """Tell whether the last :meth:`detect` found nothing and never will."""
        return self._last is not None and self._last.is_hopeless

    def diagnose(self, entry: Entry) -> dict[str, Any]:
        """Return ``per_strategy``, ``winning`` and ``next_step``, with every strategy tried."""
        outcomes = tuple((name, strategy(entry)) for name, strategy in self.strategies)
        return Diagnosis(outcomes, entry.client.type).as_dict()

    def recover(self, entry: Entry) -> Detected | None:
        """Return the identity that an earlier server of the same client claimed, or None."""
        client = entry.client
        if client.session_id or client.type == "unknown":
            return None
        claim = self._claims.recover(client.type, client.cwd)
        return Detected(claim.session_id, "sticky-claim", claim.transcript_path) if claim else None

    def remember(self, entry: Entry) -> None:
        """Keep the identity of *entry* for a server that is restarted; failures are traced."""
        self._claims.remember(entry)

    def signature(self) -> str:
        """Return what ``ps`` says about the start of this process, or an empty string."""
        return lstart(os.getpid())

    def _by_env(self, entry: Entry) -> Outcome:
        kind = entry.client.type
        session_id = session_id_from_env(kind, self._environ)
        if session_id:
            return Hit(session_id, "env", HIGH)
        if kind == "unknown":
            return Abstention("the client is unknown")
        # Codex may name the thread later; Claude Code sets its variable at the start or never.
        return Abstention("the environment names no session", structural=kind == "claude-code")

    def _by_hook_drop(self, entry: Entry) -> Outcome:
        if entry.client.type != "claude-code":
            return Abstention("only Claude Code records its session starts", structural=True)
        return choose_drop(self._drops, entry, self._clock.now(), self._ancestors)

    def _by_birth_time(self, entry: Entry) -> Outcome:
        client = entry.client
        if client.type == "unknown":
            return Abstention("the client is unknown")
        found = births(
            client.type,
            client.cwd,
            entry.started_at,
            environ=self._environ,
            user_home=self._user_home,
            locate=self._locate,
        )
        if not found:
            return Abstention("no transcript of this folder was found")
        fitting = [each for each in found if in_window(each.born_ms, entry.started_at)]
        born = {each.session_id for each in fitting if is_session_id(each.session_id)}
        if not born:
            return Abstention("no transcript was born after this server started")
        if len(born) > 1:
            return Abstention("several transcripts were born after this server", structural=True)
        return Hit(born.pop(), "birth-time", MEDIUM)
