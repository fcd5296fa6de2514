"""A registry on real files; its boxes are plain files, and tests say which processes are dead."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from helpers.fakes import FakeClock, FakeTrace
from oxtail.core.entry import OURS, Client, Entry
from oxtail.core.names import session_box
from oxtail.disk.atomic import Disk
from oxtail.errors import StoreError
from oxtail.identity.registry import FileRegistry

STARTED = 1_800_000_000
EARLIER = 1_700_000_000


def entry(pid: int, session_id: str | None = None, **changes: Any) -> Entry:
    """An entry of a full-featured server."""
    client = Client("codex", session_id, None, "env" if session_id else None, "/p")
    made = Entry(pid, STARTED, client, proc_sig="", capabilities=OURS, start_token=f"boot/{pid}")
    return made._replace(**changes)


class Boxes:
    """Boxes as the store keeps them, as far as the registry can tell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.quarantined: dict[str, str] = {}
        self.broken: set[str] = set()

    def put(self, box: str, text: str, at: float | None = None) -> None:
        path = self.folder / f"{box}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(text + "\n")
        if at is not None:
            os.utime(path, (at, at))

    def of(self, box: str) -> list[str]:
        path = self.folder / f"{box}.jsonl"
        return path.read_text().splitlines() if path.exists() else []

    def of_session(self, session_id: str) -> list[str]:
        return self.of(session_box(session_id))

    def has_mail(self, box: str) -> bool:
        if box in self.broken:
            raise StoreError("box is broken")
        return bool(self.of(box))

    def adopt(self, source: str, target: str) -> int:
        if target in self.broken:
            raise StoreError("box is broken")
        moved = self.of(source)
        for text in moved:
            self.put(target, text)
        (self.folder / f"{source}.jsonl").write_text("")
        return len(moved)

    def quarantine(self, box: str, reason: str) -> int:
        moved = self.of(box)
        self.quarantined[box] = reason
        (self.folder / f"{box}.jsonl").write_text("")
        return len(moved)


class World:
    """One state folder, its boxes, and who is alive.

    ``dead`` holds pids that are gone, ``relatives`` pids of the same agent as this process.
    """

    def __init__(self, home: Path) -> None:
        self.home = home / ".oxtail"
        self.trace = FakeTrace()
        self.clock = FakeClock(STARTED + 100)
        self.boxes = Boxes(self.home / "mailboxes")
        self.dead: set[int] = set()
        self.relatives: set[int] = set()
        self.open_work: set[str] = set()
        self.disk = Disk(str(self.home), fsync=False, trace=self.trace)
        self.sessions = self.home / "sessions"

    def registry(self, **changes: Any) -> FileRegistry:
        """Return the registry of a process that just started."""
        given: dict[str, Any] = {
            "has_mail": self.boxes.has_mail,
            "adopt_box": self.boxes.adopt,
            "quarantine_box": self.boxes.quarantine,
            "has_open_work": self.open_work.__contains__,
            "is_running": lambda each: each.server_pid not in self.dead,
            "is_related": lambda _here, pid: pid in self.relatives,
            "started": lambda _pid: float(STARTED),
        }
        return FileRegistry(self.disk, self.clock, **{**given, **changes})

    def others(self, *entries: Entry) -> None:
        """Write entries of other processes, as those would."""
        self.disk.folder(str(self.sessions))
        for each in entries:
            text = json.dumps(each.as_dict(), indent=2)
            (self.sessions / f"{each.server_pid}.json").write_text(text)

    def raw(self, name: str, content: str | bytes) -> Path:
        """Write anything under *name* into the folder of the entries."""
        self.disk.folder(str(self.sessions))
        path = self.sessions / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def files(self) -> list[str]:
        return sorted(path.name for path in self.sessions.iterdir())

    def damaged(self) -> list[str]:
        folder = self.home / "damaged"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []
