"""Every message that the parts of the cockpit send each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from oxtail.cockpit.actions import Done
    from oxtail.core.fleet import Fleet


class FleetSeen(Message):
    """A look has ended; what it saw is the whole truth until the next one."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        super().__init__()

    def can_replace(self, message: Message) -> bool:
        """Say that a newer look makes an older one unnecessary."""
        return isinstance(message, FleetSeen)


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


class ReceiptsSeen(Message):
    """What proves how far a message has come."""

    def __init__(self, message_id: str, lines: tuple[str, ...]) -> None:
        self.message_id = message_id
        self.lines = lines
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
