from __future__ import annotations

import os
from pathlib import Path

import pytest

from oxtail.core.presence import Marker
from oxtail.disk.atomic import Disk
from oxtail.errors import StoreError
from oxtail.wake.markers import FileMarkers

SESSION = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def markers(home: Path) -> FileMarkers:
    return FileMarkers(Disk(str(home / ".oxtail")))


def place(home: Path, name: str, content: bytes, at: float = 1_700_000_000.0) -> Path:
    path = home / ".oxtail" / "activity" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (at, at))
    return path


@pytest.mark.parametrize("content", [b"busy", b"busy\n", b"  busy \r\n"])
def test_a_marker_is_its_word_and_its_time_of_change(
    home: Path, markers: FileMarkers, content: bytes
) -> None:
    place(home, SESSION, content)
    assert markers.read(SESSION) == Marker("busy", 1_700_000_000.0)


@pytest.mark.parametrize(
    "content", [b"", b"BUSY", b"busy idle", b"\xff\xfe", b"idle\0", b" " * 100 + b"idle"]
)
def test_any_other_content_is_no_marker(home: Path, markers: FileMarkers, content: bytes) -> None:
    place(home, SESSION, content)
    assert markers.read(SESSION) is None


def test_a_session_that_said_nothing_has_no_marker(markers: FileMarkers) -> None:
    assert markers.read(SESSION) is None
    assert markers.read("") is None
    assert markers.read("x" * 5_000) is None


def test_a_folder_a_link_or_a_fifo_is_no_marker(home: Path, markers: FileMarkers) -> None:
    folder = place(home, "other", b"idle").parent
    (folder / "folder").mkdir()
    (folder / "link").symlink_to("other")
    os.mkfifo(folder / "fifo")
    assert [markers.read(name) for name in ("folder", "link", "fifo")] == [None, None, None]


def test_a_hostile_id_stays_in_its_folder(home: Path, markers: FileMarkers) -> None:
    (home / "idle").write_bytes(b"idle")
    assert markers.read("../../idle") is None
    markers.write("../../idle", "busy")
    assert (home / ".oxtail/activity/______idle").read_bytes() == b"busy"
    assert (home / "idle").read_bytes() == b"idle"


def test_a_written_marker_is_exactly_its_word_and_private(home: Path, markers: FileMarkers) -> None:
    markers.write(SESSION, "idle")
    path = home / ".oxtail" / "activity" / SESSION
    assert path.read_bytes() == b"idle"
    assert path.stat().st_mode & 0o777 == 0o600
    markers.write(SESSION, "busy")
    marker = markers.read(SESSION)
    assert marker
    assert marker.state == "busy"
    assert [p.name for p in path.parent.iterdir()] == [SESSION]


def test_only_the_two_words_can_be_written(markers: FileMarkers) -> None:
    with pytest.raises(ValueError, match="not a state"):
        markers.write(SESSION, "busy\n")
    with pytest.raises(ValueError, match="empty"):
        markers.write("", "busy")


def test_a_disk_that_refuses_is_a_store_error(home: Path, markers: FileMarkers) -> None:
    (home / ".oxtail").mkdir()
    (home / ".oxtail" / "activity").write_text("in the way")
    with pytest.raises(StoreError):
        markers.write(SESSION, "busy")
    assert markers.read(SESSION) is None
