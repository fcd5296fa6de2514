"""What each event of a client means for mail and for the marker: a table, and nothing else.

Rules of this file:

* Mail is for the main loop.  A subagent's event takes none, and ends no turn.
* Mail is taken only by an event after which the client asks its model for sure.  A session that has
  merely started may be left again without a word, so its mail waits for the first prompt.
* A turn that goes on because mail arrived at its end is not prolonged a second time.
* Whatever is unclear keeps the mail where it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.names import is_session_id
from oxtail.core.value import Value
from oxtail.errors import BadArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

BUSY: Final = "busy"
IDLE: Final = "idle"
GONE: Final = "gone"
"""What a marker becomes; ``gone`` removes it."""

CLAUDE: Final = "claude"
CODEX: Final = "codex"
CLIENTS: Final = (CLAUDE, CODEX)

STOP_NOTE: Final = "It arrived as you finished: read it and respond before you stop."


class Rule(Value):
    """What an event of the main loop does.

    Attributes:
        delivers: Whether waiting mail goes into its output.
        marker: What the marker becomes, or None.
        ends: Whether the turn ends here unless mail prolongs it; the marker is set only then.
        is_tool: Whether it comes with a tool call, so that there may be hundreds in a turn.
    """

    delivers: bool
    marker: str | None
    ends: bool = False
    is_tool: bool = False


RULES: Final[Mapping[str, Rule]] = {
    "SessionStart": Rule(delivers=False, marker=None),
    "UserPromptSubmit": Rule(delivers=True, marker=BUSY),
    "PreToolUse": Rule(delivers=True, marker=BUSY, is_tool=True),
    "PostToolUse": Rule(delivers=True, marker=BUSY, is_tool=True),
    "Stop": Rule(delivers=True, marker=IDLE, ends=True),
    "SessionEnd": Rule(delivers=False, marker=GONE),
}
"""The events that are understood, as the clients name them."""

_NOTHING: Final = Rule(delivers=False, marker=None)


class HookEvent(Value):
    """One event, as a client reported it.

    Attributes:
        name: Which one; see :data:`RULES`.
        client: ``claude`` or ``codex``.
        session_id: The session that it happened in.
        is_subagent: Whether it happened in a subagent of that session.
        is_prolonged: Whether the turn that ends goes on already because of an earlier Stop hook.
    """

    name: str
    client: str
    session_id: str
    is_subagent: bool = False
    is_prolonged: bool = False


def rule_for(event: HookEvent) -> Rule:
    """Return what *event* does; a name that is not understood does nothing."""
    rule = RULES.get(event.name, _NOTHING)
    if event.is_subagent:
        # The session is at work as long as a subagent is; more it does not say.
        return _NOTHING._replace(marker=BUSY) if rule.marker == BUSY else _NOTHING
    if rule.ends and event.is_prolonged:
        return rule._replace(delivers=False)
    return rule


def parse(name: str, client: str, members: Mapping[str, object]) -> HookEvent:
    """Return the event that the payload *members* describes.

    Clients fill in placeholders as text, so ``"false"`` is false.  A flag that cannot be understood
    counts as set, which keeps the mail.

    Raises:
        BadArgument: the session is not named.
    """
    session_id = members.get("session_id")
    if not isinstance(session_id, str) or not is_session_id(session_id):
        raise BadArgument("session_id", "must be 1 to 200 printable characters")
    return HookEvent(
        name=name,
        client=client,
        session_id=session_id,
        is_subagent=members.get("agent_id") not in (None, "", False),
        is_prolonged=members.get("stop_hook_active") not in (None, "", False, "false", "False"),
    )


def output(event: HookEvent, text: str) -> dict[str, object]:
    """Return the output of a hook that puts *text* before the model.

    At the end of a turn Codex takes it as the reason not to stop; Claude Code goes on with it as
    context, without the words of an error.  Both clients frame the text as a hook's, and neither
    lets it bring a frame of its own.
    """
    if event.name == "Stop" and event.client == CODEX:
        return {"decision": "block", "reason": text}
    return {"hookSpecificOutput": {"hookEventName": event.name, "additionalContext": text}}
