"""Every message that the parts of the cockpit send each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from oxtail.app.lifecycle.plans import Described
    from oxtail.app.lifecycle.report import Event, Report
    from oxtail.cockpit.actions import Done, Excerpt
    from oxtail.cockpit.life import Preview
    from oxtail.cockpit.shapes.view import Home
    from oxtail.core.fleet import Fleet
    from oxtail.core.fleet_agent import Agent


class FleetSeen(Message):
    """A look has ended; what it saw is the whole truth until the next one."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        super().__init__()


class LookFailed(Message):
    """A look has failed in a way that no look should; the last one is still shown."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__()


class ActionDone(Message):
    """An action has ended."""

    def __init__(self, done: Done) -> None:
        self.done = done
        super().__init__()


class FileFound(Message):
    """A text that may name a file was looked at: the file's *path*, or None."""

    def __init__(self, text: str, path: str | None) -> None:
        self.text = text
        self.path = path
        super().__init__()


class FileWanted(Message):
    """Somebody wants to attach the file that *text* names."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__()


class ReceiptsSeen(Message):
    """What proves how far a message has come."""

    def __init__(self, message_id: str, lines: tuple[str, ...]) -> None:
        self.message_id = message_id
        self.lines = lines
        super().__init__()


class TranscriptWanted(Message):
    """The end of the transcript of *agent* is wanted."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        super().__init__()


class TranscriptSeen(Message):
    """The end of the transcript of the agent *key*, or why there is none."""

    def __init__(self, key: str, excerpt: Excerpt) -> None:
        self.key = key
        self.excerpt = excerpt
        super().__init__()


class HomeFound(Message):
    """Where in tmux this strip is."""

    def __init__(self, home: Home) -> None:
        self.home = home
        super().__init__()


class AgentPicked(Message):
    """A person has pointed at an agent."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__()


class CursorMoved(Message):
    """A person moves the cursor *by* agents; *far* goes to the ends and not around them."""

    def __init__(self, by: int, *, far: bool = False) -> None:
        self.by = by
        self.far = far
        super().__init__()


class MessageChosen(Message):
    """A message is shown whole, and its receipts are wanted."""

    def __init__(self, message_id: str) -> None:
        self.message_id = message_id
        super().__init__()


class PlanMade(Message):
    """The plan of what is to be done to a fleet is made."""

    def __init__(self, preview: Preview) -> None:
        self.preview = preview
        super().__init__()


class WindowTold(Message):
    """Something has happened to a window of a fleet."""

    def __init__(self, event: Event) -> None:
        self.event = event
        super().__init__()


class RunEnded(Message):
    """A run on a fleet has ended."""

    def __init__(self, report: Report) -> None:
        self.report = report
        super().__init__()


class RunFailed(Message):
    """There is no plan, or nothing was done."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__()


class FleetRead(Message):
    """What describes a fleet was read."""

    def __init__(self, found: Described) -> None:
        self.found = found
        super().__init__()


class Noted(Message):
    """Something is to be said about a fleet under edit."""

    def __init__(self, text: str, kind: str) -> None:
        self.text = text
        self.kind = kind
        super().__init__()
