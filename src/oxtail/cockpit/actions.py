"""What a person can do from the cockpit, as a port; the screens know nothing else of it.

The rule: an action runs in a thread of its own, checks anew whatever it acts on, and says exactly
what has come of it.  It raises nothing but errors of :mod:`oxtail.errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.core.fleet import Fleet
    from oxtail.core.fleet_agent import Agent


class Done(Value):
    """What has come of an action.

    Attributes:
        text: That in a few words, as it is shown.
        ok: Whether it was carried out.
    """

    text: str
    ok: bool = True


class Letter(Value):
    """What a person has written.

    Attributes:
        text: The text; may be empty if files go along.
        attachments: Paths of files.
    """

    text: str
    attachments: tuple[str, ...] = ()


class Utterance(Value):
    """One message of a transcript.

    Attributes:
        role: Who said it, in a word.
        at: When, as the transcript has it, or None.
        text: The text.
    """

    role: str
    at: str | None
    text: str


class Excerpt(Value):
    """The end of an agent's transcript, or why there is none.

    Attributes:
        said: What it holds, oldest first.
        about: What is known of it and what was left out, in a few words.
        problem: Why nothing can be shown; empty where there is something.
    """

    said: tuple[Utterance, ...] = ()
    about: str = ""
    problem: str = ""


class Actions(Protocol):
    """What a person can do; an agent is the one that was shown when the person asked."""

    def message(self, agent: Agent, text: str, attachments: Sequence[str] = ()) -> Done:
        """Send *text* to *agent* as the operator, with copies of the files *attachments*."""

    def attachable(self, text: str) -> str | None:
        """Return the path of the regular file that *text* names, or None.  Reads only."""

    def nudge(self, agent: Agent) -> Done:
        """Ask *agent* to look at its inbox and its work."""

    def jump(self, agent: Agent, *, within_window: bool) -> Done:
        """Show a person the pane of *agent*; *within_window* moves no client to it."""

    def acknowledge(self, fleet: Fleet, agent: Agent | None) -> Done:
        """Keep that a person knows of what is wrong in *fleet*, or only of *agent*."""

    def receipts(self, message_id: str) -> tuple[str, ...]:
        """Return what is known of a message: its status, and a line for each proof.  Reads only."""

    def transcript(self, agent: Agent) -> Excerpt:
        """Return the end of the transcript of *agent*, of a bounded size.  Reads only."""
