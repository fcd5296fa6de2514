"""What a screen asks of the application; it never acts, looks or waits by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from oxtail.core.fleet import Fleet
    from oxtail.core.fleet_agent import Agent


class Controls(Protocol):
    """The application, as its screens know it."""

    def now(self) -> float:
        """Return the wall clock in unix seconds."""

    @property
    def looking_s(self) -> float | None:
        """For how many seconds a look has been under way, or None."""

    def hurry(self) -> None:
        """Look again as soon as possible."""

    def switch_theme(self) -> None:
        """Switch between dark and light."""

    def compose_to(self, agent: Agent | None) -> None:
        """Let the person write to *agent*."""

    def nudge(self, agent: Agent | None) -> None:
        """Nudge *agent* once the person has confirmed it."""

    def jump(self, agent: Agent | None, *, within_window: bool) -> None:
        """Go to the pane of *agent*."""

    def acknowledge(self, fleet: Fleet, agent: Agent | None) -> None:
        """Acknowledge what is wrong in *fleet*, or only of *agent*, once that is confirmed."""

    def read_transcript(self, agent: Agent | None) -> None:
        """Show the end of the transcript of *agent*."""

    def edit_fleet(self, agent: Agent | None) -> None:
        """Let the person edit the fleet of the project of *agent*, or of the own one."""

    def reset_fleet(self, agent: Agent | None) -> None:
        """Show what restarting the fleet of *agent* would do."""

    def kill_window(self, agent: Agent | None) -> None:
        """Show what closing the window of *agent* would do."""
