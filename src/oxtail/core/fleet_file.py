"""The text of a ``fleet.json``: made anew, or changed so that everything else stays as it is.

The rule: comments, members that the format does not know, and the layout are the user's.  A window
is known by its name; one whose name is new takes the place of one whose name is gone, at the same
index, so a window that is renamed keeps what is written about it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from oxtail.core.fleet_spec import FleetSpec, check, refusal
from oxtail.core.json_edit import Editor

if TYPE_CHECKING:
    from oxtail.core.fleet_spec import WindowSpec
    from oxtail.core.json_text import Node

FILE_MAX_BYTES: Final = 256 * 1024
"""Largest file that is read; 64 windows with everything set have a tenth of that."""

_HEAD: Final = (
    "// The agents of this project: oxtail fleet show, check, spawn, sync.\n"
    "// Comments, and commas after the last entry, are fine.\n"
)
_MEMBERS: Final = ("name", "agent", "command", "model", "effort", "role", "remoteControl")
"""What oxtail writes of a window, in the order in which it adds it."""


def fresh(spec: FleetSpec) -> str:
    """Return the text of a new file that describes *spec*."""
    return _HEAD + json.dumps(spec.as_dict(), ensure_ascii=False, indent=2) + "\n"


def edited(text: str, path: str, spec: FleetSpec) -> str:
    """Return *text* of the file *path*, changed to describe *spec*.

    Raises:
        MalformedFile: *text* is no JSON object.
        BadFleet: *spec* itself breaks a rule.
    """
    again, problems = check(spec.as_dict())
    if again is None:
        raise refusal(path, problems)
    if not text.strip("\ufeff \t\r\n"):
        return fresh(spec)
    editor = Editor(text, path, comments=True, commas=True)
    editor.put(("name",), spec.name)
    windows = editor.find(("windows",))
    if windows is None or windows.kind != "array" or _is_odd(windows):
        editor.put(("windows",), [window.as_dict() for window in spec.windows])
        return editor.text
    _windows(editor, spec)
    return editor.text


def _is_odd(windows: Node) -> bool:
    return any(item.kind != "object" for item in windows.items)


def _names(editor: Editor) -> list[Any]:
    windows = editor.find(("windows",))
    assert windows is not None
    return [item.value.get("name") for item in windows.items]


def _windows(editor: Editor, spec: FleetSpec) -> None:
    wanted = [window.name for window in spec.windows]
    names = _names(editor)
    taken: set[str] = set()
    for place in range(len(names) - 1, -1, -1):
        name = names[place]
        if name in wanted and names.index(name) == place:
            continue
        new = wanted[place] if place < len(wanted) else None
        if new is not None and new not in names and new not in taken:
            taken.add(new)
            editor.put(("windows", place, "name"), new)
        else:
            editor.remove(("windows", place))
    for window in spec.windows:
        if window.name not in _names(editor):
            editor.append(("windows",), window.as_dict())
    _order(editor, wanted)
    for place, window in enumerate(spec.windows):
        _window(editor, place, window)


def _order(editor: Editor, wanted: list[str]) -> None:
    """Put the windows in order: the text of each goes to the place where it belongs."""
    windows = editor.find(("windows",))
    assert windows is not None
    by_name = {item.value["name"]: editor.text[item.start : item.end] for item in windows.items}
    text = editor.text
    for item, name in reversed(list(zip(windows.items, wanted, strict=True))):
        text = text[: item.start] + by_name[name] + text[item.end :]
    if text != editor.text:
        editor.set_text(text)


def _window(editor: Editor, place: int, window: WindowSpec) -> None:
    members = window.as_dict()
    for name in _MEMBERS:
        at = ("windows", place, name)
        found = editor.find(at)
        if name in members:
            editor.put(at, members[name])
        elif found is not None and found.value not in (None, False):
            editor.remove(at)
