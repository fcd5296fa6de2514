"""Our handlers among the hooks of a client: put in, brought up to date, taken out.

Both clients have the same form: ``hooks → event → groups``, a group being an optional matcher and
a list of handlers.  Only handlers of ours are touched; a group goes when its last handler was ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from oxtail.setup.ownership import Owner, owner_of_hook

if TYPE_CHECKING:
    from oxtail.core.json_edit import Editor

Groups = Sequence[Mapping[str, Any]]
Wanted = Mapping[str, Groups]
"""The groups that each event shall have."""


def _matcher(group: Mapping[str, Any]) -> str:
    matcher = group.get("matcher", "")
    return matcher if isinstance(matcher, str) else ""


class _Event:
    """The groups of one event under edit."""

    def __init__(self, editor: Editor, event: str, wanted: Groups, takeover: bool) -> None:
        self.editor = editor
        self.path = ("hooks", event)
        self.takeover = takeover
        self.missing = [
            (_matcher(group), dict(handler)) for group in wanted for handler in group["hooks"]
        ]
        self.taken = 0

    def run(self) -> None:
        """Bring the event up to date."""
        stale: list[tuple[int, int]] = []
        for place, matcher, handler in self._handlers():
            owner = owner_of_hook(handler)
            if owner is Owner.OURS:
                if (matcher, handler) in self.missing:
                    self.missing.remove((matcher, handler))
                else:
                    stale.append(place)
            elif owner is Owner.NPM and self.takeover:
                self.taken += 1
                stale.append(place)
        gone = [place for place in stale if not self._replace(place)]
        for number, index in reversed(gone):
            self._remove(number, index)
        self._append()

    def _handlers(self) -> list[tuple[tuple[int, int], str, Any]]:
        groups = self.editor.expect(self.path, "array")
        found = []
        for number, group in enumerate(groups.items if groups else ()):
            handlers = group.get("hooks")
            if handlers is None or handlers.kind != "array":
                continue
            matcher = _matcher(group.value)
            for place, handler in enumerate(handlers.items):
                found.append(((number, place), matcher, handler.value))
        return found

    def _replace(self, place: tuple[int, int]) -> bool:
        """Put a missing handler where a stale one of its kind is, so that the order stays."""
        group = self.editor.find((*self.path, place[0]))
        assert group is not None
        old = group.value["hooks"][place[1]]
        if owner_of_hook(old) is not Owner.OURS:
            return False
        for candidate in self.missing:
            if candidate[0] == _matcher(group.value) and candidate[1]["type"] == old["type"]:
                self.editor.put((*self.path, place[0], "hooks", place[1]), candidate[1])
                self.missing.remove(candidate)
                return True
        return False

    def _remove(self, number: int, index: int) -> None:
        handlers = self.editor.find((*self.path, number, "hooks"))
        assert handlers is not None
        alone = len(handlers.items) == 1
        self.editor.remove((*self.path, number) if alone else (*self.path, number, "hooks", index))

    def _append(self) -> None:
        for matcher in dict.fromkeys(matcher for matcher, _ in self.missing):
            handlers = [handler for each, handler in self.missing if each == matcher]
            group = {"matcher": matcher} if matcher else {}
            self.editor.append(self.path, {**group, "hooks": handlers})


def merge(editor: Editor, wanted: Wanted, *, takeover: bool) -> int:
    """Make the hooks of *editor* hold the groups of *wanted*, and nothing else of ours.

    Args:
        editor: The settings of a client.
        wanted: What shall be there; an empty mapping takes everything of ours out.
        takeover: Whether the hooks of npm oxtail go.

    Returns:
        How many hooks of npm oxtail went.

    Raises:
        MalformedFile: ``hooks`` or an event of it is not what the clients expect there.
    """
    present = editor.expect(("hooks",), "object")
    events = [*wanted, *(present.value if present else ())]
    taken = 0
    for name in dict.fromkeys(events):
        event = _Event(editor, name, wanted.get(name, ()), takeover)
        event.run()
        taken += event.taken
    return taken


def containers(wanted: Wanted) -> list[tuple[str, ...]]:
    """Return the containers that *wanted* needs, innermost first."""
    return [*(("hooks", event) for event in wanted), ("hooks",)]


def drop_empty(editor: Editor, made: Sequence[Sequence[str]]) -> None:
    """Remove each container of *made* (innermost first) that is empty."""
    for path in made:
        node = editor.find(path)
        if node is not None and node.value in ({}, []):
            editor.remove(path)
