"""Whether a committed message should make its receiver look now.

The rule: facts in, verdict out; nothing is asked, read or typed here.  A wake that the sender did
not ask for needs more reason than one that it did, and ``OXTAIL_AUTOWAKE=off`` stops all of those.
``docs/reference/wake.md`` is made from :data:`STATUSES`, :data:`REASONS`, :data:`REFUSALS` and
:data:`OFFERS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.presence import Presence
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRED: Final = "fired"
FIRED_UNCONFIRMED: Final = "fired_unconfirmed"
SKIPPED_BUSY: Final = "skipped_busy"
SKIPPED_NO_TARGET: Final = "skipped_no_target"
SKIPPED_DEBOUNCED: Final = "skipped_debounced"
SKIPPED_NO_FRESH_IDLE: Final = "skipped_no_fresh_idle"
SKIPPED_RATE_LIMITED: Final = "skipped_rate_limited"
SKIPPED_DEDUPED: Final = "skipped_deduped"
SKIPPED_STORE_ERROR: Final = "skipped_store_error"
SKIPPED_HELD: Final = "skipped_held"
DISABLED: Final = "disabled"
LEFT_TO_RECEIVER: Final = "left_to_receiver"
THROTTLED: Final = "skipped_throttled"
OFF: Final = "off"

STATUSES: Final[Mapping[str, str]] = {
    FIRED: "The wake was carried out at a session that reports busy and idle.",
    FIRED_UNCONFIRMED: "The wake was carried out, and nothing proves that it was noticed.",
    SKIPPED_BUSY: "The session is at work, or answered before a wake was due; it looks by itself.",
    SKIPPED_NO_TARGET: "There is no proven way to wake it, the way failed, or it is not running.",
    SKIPPED_DEBOUNCED: "It was woken a moment ago.",
    SKIPPED_NO_FRESH_IDLE: "A reply wakes unasked only a session that became idle lately.",
    SKIPPED_RATE_LIMITED: "An automatic wake of this session was too short a time ago.",
    SKIPPED_DEDUPED: "This reply has caused its one automatic wake already.",
    SKIPPED_STORE_ERROR: "The records that keep automatic wakes rare could not be used.",
    SKIPPED_HELD: "The receiver's policy holds the message until a person lets it through.",
    DISABLED: "Waking is turned off, for everything or for what nobody asked for.",
    LEFT_TO_RECEIVER: "The receiver's own server brings the mail in through a door of its client.",
    THROTTLED: "An operator's wake of this session was too short a time ago.",
    OFF: "The operator sent without a wake.",
    "skipped_unsupported": "Reserved; never reported.",
}
"""Every wake status, and what it means."""

REPLY_TO_DEFAULT: Final = "reply_to_default"
LATE_REPLY: Final = "late_reply_to_pending"
LATE_REPLY_SUPPRESSED: Final = "late_reply_to_pending_suppressed"
HOOKLESS_DEFAULT: Final = "hookless_default"

REASONS: Final[Mapping[str, str]] = {
    REPLY_TO_DEFAULT: "The message is a reply, and a reply may wake unasked.",
    LATE_REPLY: "The message answers a question that its asker no longer waits on.",
    LATE_REPLY_SUPPRESSED: "It answers such a question, and the sender wanted no wake.",
    HOOKLESS_DEFAULT: "The receiver reports neither busy nor idle, so no hook shows it its mail.",
}
"""Every wake reason, and what it means."""

STRATEGY_OFF: Final = "strategy-off"
DEBOUNCED: Final = "debounced"
NO_DOOR: Final = "no-door"
NO_VERIFIED_PANE: Final = "no-verified-pane"
PANE_CHANGED: Final = "pane-changed"
PANE_DEAD: Final = "pane-dead"
PANE_IN_MODE: Final = "pane-in-mode"
PANE_INPUT_OFF: Final = "pane-input-off"
PANE_SYNCHRONIZED: Final = "pane-synchronized"
PANE_FOREGROUND: Final = "pane-foreground"
PANE_DIALOG: Final = "pane-dialog"
PANE_DRAFT: Final = "pane-draft"
PANE_NO_COMPOSER: Final = "pane-no-composer"
PANE_LOCKED: Final = "pane-locked"
PANE_NO_ECHO: Final = "pane-no-echo"
STORE_UNUSABLE: Final = "store-unusable"

REFUSALS: Final[Mapping[str, str]] = {
    STRATEGY_OFF: "Waking is turned off.",
    DEBOUNCED: "It was woken a moment ago, by this process or another one.",
    NO_DOOR: "No door leads to this session from here.",
    NO_VERIFIED_PANE: "No tmux pane provably runs the session's server.",
    PANE_CHANGED: "The pane was given to another program while it was looked at.",
    PANE_DEAD: "The program in the pane has ended.",
    PANE_IN_MODE: "The pane is in copy mode or another mode of tmux, which would take the keys.",
    PANE_INPUT_OFF: "Input to the pane is turned off.",
    PANE_SYNCHRONIZED: "What is typed into the pane would go into other panes too.",
    PANE_FOREGROUND: "The client is not in the foreground: a shell or another program is.",
    PANE_DIALOG: "The client shows a dialog, which a key would answer.",
    PANE_DRAFT: "Somebody has begun to type; a key would send their draft.",
    PANE_NO_COMPOSER: "The cursor is in no input line that is known, so keys could do anything.",
    PANE_LOCKED: "Somebody else is typing into the pane now.",
    PANE_NO_ECHO: "The text did not appear in the input line, so Enter was not pressed.",
    STORE_UNUSABLE: "The lock or the record that keeps two senders apart could not be used.",
}
"""Every reason why a door was not gone through, as ``ask_peer_wake_skipped`` events carry it."""

ACCEPTED: Final = "accepted"
UNAVAILABLE: Final = "unavailable"
FAILED: Final = "failed"

OFFERS: Final[Mapping[str, str]] = {
    ACCEPTED: "The client took the text; that says nothing about whether its model has read it.",
    UNAVAILABLE: "The door is not there; nothing was handed over.",
    FAILED: "The door is there and did not take the text, as far as can be known.",
}
"""What may become of a text that a session's own server offers to its client."""

STRANDED: Final = "stranded_until_read"

OUTLOOKS: Final[Mapping[str, str]] = {
    STRANDED: "Nothing brings the message in by itself: it waits for the receiver's next turn.",
}
"""Every delivery outlook, and what it means."""

STRANDED_HINT: Final = (
    "The receiver sees this at its next turn. That is fine for information; "
    "ask with ask_peer if an answer is needed, and use wake auto only if it cannot wait."
)

_INTENT_SURVIVES: Final = frozenset(
    (
        FIRED_UNCONFIRMED,
        SKIPPED_BUSY,
        SKIPPED_NO_TARGET,
        SKIPPED_DEBOUNCED,
        SKIPPED_NO_FRESH_IDLE,
        SKIPPED_RATE_LIMITED,
        SKIPPED_STORE_ERROR,
    )
)


class Facts(Value):
    """What the decision rests on.

    Attributes:
        wake: What the sender asked for: ``auto``, ``off``, or None for neither.
        is_reply: Whether the message carries ``reply_to``.
        pending: Whether it answers a question that its asker no longer waits on, and this sender
            took the record of that.
        claimed: Whether the receiver has said who it is.
        presence: What the receiver's marker amounts to.
        fresh_idle: Whether the receiver became idle lately.
        autowake: False if nothing may wake a peer unasked.
        strategy: ``auto``, ``legacy``, or ``off`` where nothing may wake a peer at all.
        own_door: Whether the receiver's own server brings its mail in; then nobody else wakes it.
    """

    wake: str | None
    is_reply: bool
    pending: bool
    claimed: bool
    presence: Presence
    fresh_idle: bool
    autowake: bool
    strategy: str
    own_door: bool = False


class Verdict(Value):
    """What to do, and what to tell the sender.

    Attributes:
        fire: Wake the receiver; the status is then what the wake reports.
        claim_slot: Before firing, claim the one automatic wake of this reply; if that is refused,
            do not fire, and report the refusal as status.
        stamp_slot: Before firing, record an automatic wake, so that the same reply causes no other.
        status: Why nothing is fired; None where no wake was wanted, and where one is fired.
        reason: Why a wake was considered or withheld though nobody asked for one.
        outlook: What becomes of the message where nothing is fired.
        hint: What the sender may do about it.
    """

    fire: bool
    claim_slot: bool = False
    stamp_slot: bool = False
    status: str | None = None
    reason: str | None = None
    outlook: str | None = None
    hint: str | None = None


_NOTHING: Final = Verdict(fire=False)


def _lenient(presence: Presence, strategy: str) -> Verdict:
    """Fire unless the receiver is known to be at work."""
    if presence is Presence.BUSY:
        return Verdict(fire=False, status=SKIPPED_BUSY)
    if strategy == "off":
        return Verdict(fire=False, status=DISABLED)
    return Verdict(fire=True)


def _late_reply(facts: Facts) -> Verdict:
    if facts.wake == "off":
        return Verdict(fire=False, reason=LATE_REPLY_SUPPRESSED)
    if facts.wake is None and not facts.autowake:
        return Verdict(fire=False, status=DISABLED, reason=LATE_REPLY)
    if facts.own_door:
        return Verdict(fire=False, status=LEFT_TO_RECEIVER, reason=LATE_REPLY)
    verdict = _lenient(facts.presence, facts.strategy)
    return verdict._replace(reason=LATE_REPLY, stamp_slot=verdict.fire)


def _reply(facts: Facts) -> Verdict:
    if not facts.autowake:
        status = DISABLED
    elif not (facts.claimed and facts.fresh_idle):
        status = SKIPPED_NO_FRESH_IDLE
    elif facts.strategy == "off":
        status = DISABLED
    else:
        return Verdict(fire=True, claim_slot=True, reason=REPLY_TO_DEFAULT)
    return Verdict(fire=False, status=status, reason=REPLY_TO_DEFAULT)


def _plain(facts: Facts) -> Verdict:
    if not facts.claimed or facts.presence is Presence.BUSY:
        return _NOTHING
    stranded = Verdict(fire=False, outlook=STRANDED, hint=STRANDED_HINT)
    if facts.presence is not Presence.UNKNOWN:
        return stranded
    if not facts.autowake or facts.strategy == "off":
        return stranded._replace(status=DISABLED, reason=HOOKLESS_DEFAULT)
    return Verdict(fire=True, reason=HOOKLESS_DEFAULT)


def decide(facts: Facts) -> Verdict:
    """Return what to do for one committed message; every combination of facts has a verdict."""
    if facts.is_reply and facts.pending:
        return _late_reply(facts)
    if facts.wake == "off":
        return _NOTHING
    if facts.own_door:
        return Verdict(fire=False, status=LEFT_TO_RECEIVER)
    if facts.wake is not None:
        return _lenient(facts.presence, facts.strategy)
    return _reply(facts) if facts.is_reply else _plain(facts)


def decide_ask(presence: Presence, strategy: str, own_door: bool = False) -> Verdict:
    """Return what to do for a question that waits; its asker wants the wake, so none is unasked."""
    if own_door:
        return Verdict(fire=False, status=LEFT_TO_RECEIVER)
    return _lenient(presence, strategy)


def intent_survives(status: str | None) -> bool:
    """Tell whether a wake that ended with *status* is to be tried again by the receiver's server.

    ``skipped_busy`` is among them: the turn that kept the receiver busy may end without a look.
    """
    return status in _INTENT_SURVIVES
