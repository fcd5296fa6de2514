"""The files that describe fleets; implements :class:`oxtail.ports.lifecycle.FleetFiles`.

They are the user's: one that is wrong is refused, never set aside.  ``docs/formats/fleet.md``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from oxtail.core.fleet_file import FILE_MAX_BYTES
from oxtail.core.json_text import decode
from oxtail.disk import foreign
from oxtail.errors import FileTrouble
from oxtail.ports.lifecycle import FleetText

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.disk.fleet_layout import FleetLayout
    from oxtail.disk.foreign import Content


def project_file(root: str) -> str:
    """Return the path of what describes the fleet of the project at *root*."""
    return os.path.join(root, ".oxtail", "fleet.json")


class FileFleetFiles:
    """Reads and writes the files of the state folder with this *layout*, and of projects."""

    def __init__(self, layout: FleetLayout) -> None:
        self._layout = layout

    def read(self, root: str) -> FleetText:
        """Return what describes a fleet; see :meth:`oxtail.ports.lifecycle.FleetFiles.read`."""
        for source, path in (("project", project_file(root)), ("folder", self._layout.fleet)):
            data = _read(path).data
            if data is not None:
                return FleetText(source, path, decode(data, path))
        return FleetText("default", project_file(root), None)

    def write(self, root: str, make: Callable[[str], str]) -> str:
        """Replace a project's file; see :meth:`oxtail.ports.lifecycle.FleetFiles.write`.

        Commit point: the rename, synced.
        """
        path = project_file(root)
        content = _read(path)
        text = make(decode(content.data, path) if content.data is not None else "")
        data = text.encode()
        if data != content.data:
            foreign.check_writable(content)
            foreign.replace(content, data)
        return path


def _read(path: str) -> Content:
    content = foreign.read(path)
    if content.data is not None and len(content.data) > FILE_MAX_BYTES:
        raise FileTrouble(f"{path}: larger than {FILE_MAX_BYTES} bytes", path=path)
    return content
