"""All settings, read once from an environment; the only reader of environment variables.

A value that is no number of its range counts as unset, so that a typing error never stops mail.
``docs/reference/settings.md`` is made from the table in this file.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping


class Number(Value):
    """One numeric setting: its variable, default, meaning, and the smallest value that counts."""

    variable: str
    default: int
    meaning: str
    least: int = 1


NUMBERS: Final[Mapping[str, Number]] = {
    "ask_timeout_ms": Number(
        "OXTAIL_ASK_PEER_TIMEOUT_MS", 60_000, "default wait of a question, ms"
    ),
    "ask_max_timeout_ms": Number(
        "OXTAIL_ASK_PEER_MAX_TIMEOUT_MS", 100_000, "longest wait of a question, ms"
    ),
    "read_max_messages": Number("OXTAIL_READ_MAX_MESSAGES", 50, "most messages in one read"),
    "read_max_body_bytes": Number(
        "OXTAIL_READ_MAX_BODY_BYTES", 65_536, "most body bytes in one read (always one message)"
    ),
    "received_max": Number(
        "OXTAIL_RECEIVED_MAX", 1_000, "messages that the received ledger keeps, at least"
    ),
    "pending_ask_ttl_ms": Number(
        "OXTAIL_PENDING_ASK_TTL_MS", 3_600_000, "how long a late answer pulls its asker back, ms"
    ),
    "fresh_idle_ms": Number(
        "OXTAIL_AUTOWAKE_FRESH_IDLE_MS", 300_000, "how long an idle marker counts as fresh, ms"
    ),
    "autowake_min_interval_ms": Number(
        "OXTAIL_AUTOWAKE_MIN_INTERVAL_MS", 4_000, "least time between automatic wakes of a peer, ms"
    ),
    "autowake_dedupe_ttl_ms": Number(
        "OXTAIL_AUTOWAKE_DEDUPE_TTL_MS", 3_600_000, "how long one reply wakes at most once, ms"
    ),
    "wake_debounce_ms": Number(
        "OXTAIL_WAKE_DEBOUNCE_MS", 1_000, "least time between wakes of a peer by one process, ms"
    ),
    "busy_ttl_ms": Number(
        "OXTAIL_ACTIVITY_BUSY_TTL_MS", 600_000, "how long a busy marker is believed, ms"
    ),
    "hook_max_body_chars": Number(
        "OXTAIL_HOOK_MAX_BODY_CHARS",
        9_000,
        "most bytes that a hook puts out (always one message); clients cut more than 10,000",
    ),
    "self_wake_grace_ms": Number(
        "OXTAIL_SELF_WAKE_GRACE_MS", 15_000, "how long a nudged session has to look, ms"
    ),
    "self_wake_throttle_ms": Number(
        "OXTAIL_SELF_WAKE_THROTTLE_MS", 60_000, "least time between nudges for the same mail, ms"
    ),
    "self_wake_cap": Number("OXTAIL_SELF_WAKE_CAP", 3, "most nudges for the same mail"),
    "waiter_heal_interval_ms": Number(
        "OXTAIL_WAITER_HEAL_INTERVAL_MS",
        60_000,
        "how often a server looks after what its session waits for and owes, ms",
    ),
    "waiter_heal_grace_ms": Number(
        "OXTAIL_WAITER_HEAL_GRACE_MS",
        240_000,
        "how long a question is left alone before its target is woken again, ms",
    ),
    "waiter_heal_cap": Number(
        "OXTAIL_WAITER_HEAL_CAP", 3, "most wakes of a target for the same question"
    ),
    "waiter_heal_throttle_ms": Number(
        "OXTAIL_WAITER_HEAL_THROTTLE_MS",
        90_000,
        "least time between wakes of a session by all who wait for it, ms",
    ),
    "pending_wake_ttl_ms": Number(
        "OXTAIL_PENDING_WAKE_TTL_MS",
        3_600_000,
        "how long the wish to wake an npm peer is kept for it, ms",
    ),
    "stored_max_messages": Number(
        "OXTAIL_STORED_MAX_MESSAGES",
        1_000,
        "most messages that wait for a session that is not running",
    ),
    "stored_max_bytes": Number(
        "OXTAIL_STORED_MAX_BYTES",
        8 * 1024 * 1024,
        "most bytes that wait for a session that is not running",
    ),
    "stored_max_age_s": Number(
        "OXTAIL_STORED_MAX_AGE_S",
        30 * 86_400,
        "how long mail waits for a session that is not running, s",
    ),
    "lock_budget_ms": Number(
        "OXTAIL_LOCK_BUDGET_MS", 30_000, "how long a send or read waits for a lock, ms"
    ),
    "fleet_active_s": Number(
        "OXTAIL_OXPIT_ACTIVE_S", 20, "how fresh a transcript is that means work, s"
    ),
    "fleet_stall_s": Number(
        "OXTAIL_OXPIT_STALL_S", 600, "how long a tool that runs means work without a word, s"
    ),
    "fleet_caption_s": Number(
        "OXTAIL_OXPIT_CAPTION_STALE_S", 120, "how much older than the work a purpose may be, s"
    ),
    "operator_wake_throttle_ms": Number(
        "OXTAIL_OPERATOR_WAKE_THROTTLE_MS",
        5_000,
        "least time between wakes of a session by operators, ms",
    ),
    "attach_max_bytes": Number(
        "OXTAIL_ATTACH_MAX_BYTES", 26_214_400, "largest file that can be attached, bytes"
    ),
    "max_hops": Number(
        "OXTAIL_MAX_HOPS", 40, "messages that one may follow from; 0: no limit", least=0
    ),
    "pair_per_minute": Number(
        "OXTAIL_PAIR_PER_MINUTE",
        120,
        "messages from one session to one other in a minute; 0: no limit",
        least=0,
    ),
    "session_per_minute": Number(
        "OXTAIL_SESSION_PER_MINUTE",
        600,
        "messages from one session in a minute; 0: no limit",
        least=0,
    ),
    "ack_loop": Number(
        "OXTAIL_ACK_LOOP",
        6,
        "acknowledgements in a row between two sessions; 0: no limit",
        least=0,
    ),
}

WAKE_STRATEGIES: Final = ("auto", "legacy", "off")

_SWITCH: Final = ("on", "off")
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "OXTAIL_FSYNC": _SWITCH,
    "OXTAIL_AUTOWAKE": _SWITCH,
    "OXTAIL_SELF_WAKE": _SWITCH,
    "OXTAIL_OXPIT_FLIP": _SWITCH,
    "OXTAIL_SCOPE": ("directory", "repository"),
    "OXTAIL_ASK_PEER_WAKE_STRATEGY": WAKE_STRATEGIES,
}
"""The words that these variables take."""


class Settings(Value):
    """Everything that a user can set; frozen for the life of a process.

    Attributes:
        home: The state folder, ``~/.oxtail`` unless ``OXTAIL_HOME`` names another.
        user_home: The user's home folder, where the clients keep their transcripts.
        trace_file: Where trace events go (``MCP_TRACE_FILE``), or None.
        fsync: False only if ``OXTAIL_FSYNC`` is ``off``.
        scope: ``directory``, or ``repository`` where worktrees of one repository are one project.
        wake_strategy: ``auto``, ``legacy`` or ``off``.
        autowake: False if ``OXTAIL_AUTOWAKE`` is ``off``: nothing wakes a peer unasked.
        self_wake: False if ``OXTAIL_SELF_WAKE`` is ``off``: a server does not nudge its session,
            and wakes nobody whom its session waits for.
        flip: False if ``OXTAIL_OXPIT_FLIP`` is ``off``: no key leads to the strips of a dock.
        project: What the user calls the project between hosts (``OXTAIL_PROJECT``), or None.
        environ: The variables that identity is detected from.
    """

    home: str
    user_home: str
    trace_file: str | None = None
    fsync: bool = True
    scope: str = "directory"
    wake_strategy: str = "auto"
    autowake: bool = True
    self_wake: bool = True
    flip: bool = True
    project: str | None = None
    ask_timeout_ms: int = NUMBERS["ask_timeout_ms"].default
    ask_max_timeout_ms: int = NUMBERS["ask_max_timeout_ms"].default
    read_max_messages: int = NUMBERS["read_max_messages"].default
    read_max_body_bytes: int = NUMBERS["read_max_body_bytes"].default
    received_max: int = NUMBERS["received_max"].default
    pending_ask_ttl_ms: int = NUMBERS["pending_ask_ttl_ms"].default
    fresh_idle_ms: int = NUMBERS["fresh_idle_ms"].default
    autowake_min_interval_ms: int = NUMBERS["autowake_min_interval_ms"].default
    autowake_dedupe_ttl_ms: int = NUMBERS["autowake_dedupe_ttl_ms"].default
    wake_debounce_ms: int = NUMBERS["wake_debounce_ms"].default
    busy_ttl_ms: int = NUMBERS["busy_ttl_ms"].default
    hook_max_body_chars: int = NUMBERS["hook_max_body_chars"].default
    self_wake_grace_ms: int = NUMBERS["self_wake_grace_ms"].default
    self_wake_throttle_ms: int = NUMBERS["self_wake_throttle_ms"].default
    self_wake_cap: int = NUMBERS["self_wake_cap"].default
    waiter_heal_interval_ms: int = NUMBERS["waiter_heal_interval_ms"].default
    waiter_heal_grace_ms: int = NUMBERS["waiter_heal_grace_ms"].default
    waiter_heal_cap: int = NUMBERS["waiter_heal_cap"].default
    waiter_heal_throttle_ms: int = NUMBERS["waiter_heal_throttle_ms"].default
    pending_wake_ttl_ms: int = NUMBERS["pending_wake_ttl_ms"].default
    stored_max_messages: int = NUMBERS["stored_max_messages"].default
    stored_max_bytes: int = NUMBERS["stored_max_bytes"].default
    stored_max_age_s: int = NUMBERS["stored_max_age_s"].default
    lock_budget_ms: int = NUMBERS["lock_budget_ms"].default
    fleet_active_s: int = NUMBERS["fleet_active_s"].default
    fleet_stall_s: int = NUMBERS["fleet_stall_s"].default
    fleet_caption_s: int = NUMBERS["fleet_caption_s"].default
    operator_wake_throttle_ms: int = NUMBERS["operator_wake_throttle_ms"].default
    attach_max_bytes: int = NUMBERS["attach_max_bytes"].default
    max_hops: int = NUMBERS["max_hops"].default
    pair_per_minute: int = NUMBERS["pair_per_minute"].default
    session_per_minute: int = NUMBERS["session_per_minute"].default
    ack_loop: int = NUMBERS["ack_loop"].default
    environ: Mapping[str, str] = {}


def _number(text: str | None, number: Number) -> int:
    value = _in_range(text, number)
    return number.default if value is None else value


def _in_range(text: str | None, number: Number) -> int | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return int(value) if number.least <= value < float("inf") else None


def _word(text: str | None) -> str:
    return (text or "").strip().lower()


def _is_off(text: str | None) -> bool:
    return _word(text) == "off"


def malformed(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables in *environ* whose values count as unset, and what each takes."""
    found = {
        number.variable: f"a number from {number.least} up"
        for number in NUMBERS.values()
        if environ.get(number.variable) and _in_range(environ[number.variable], number) is None
    }
    for variable, words in _WORDS.items():
        if environ.get(variable) and _word(environ[variable]) not in words:
            found[variable] = " or ".join(words)
    return found


def from_env(environ: Mapping[str, str]) -> Settings:
    """Return the settings that *environ* describes; a malformed value counts as unset."""
    user_home = environ.get("HOME") or os.path.expanduser("~")
    strategy = (environ.get("OXTAIL_ASK_PEER_WAKE_STRATEGY") or "auto").strip().lower()
    scope = (environ.get("OXTAIL_SCOPE") or "directory").strip().lower()
    return Settings(
        home=os.path.abspath(environ.get("OXTAIL_HOME") or os.path.join(user_home, ".oxtail")),
        user_home=user_home,
        trace_file=environ.get("MCP_TRACE_FILE") or None,
        fsync=not _is_off(environ.get("OXTAIL_FSYNC")),
        scope=scope if scope == "repository" else "directory",
        wake_strategy=strategy if strategy in WAKE_STRATEGIES else "auto",
        autowake=not _is_off(environ.get("OXTAIL_AUTOWAKE")),
        self_wake=not _is_off(environ.get("OXTAIL_SELF_WAKE")),
        flip=not _is_off(environ.get("OXTAIL_OXPIT_FLIP")),
        project=(environ.get("OXTAIL_PROJECT") or "").strip() or None,
        environ=dict(environ),
        **{name: _number(environ.get(n.variable), n) for name, n in NUMBERS.items()},
    )
