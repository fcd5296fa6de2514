"""Private copies of files: regular files only, all of them or none, and for a week."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from helpers.fakes import FakeClock
from oxtail.core.attachment import ATTACHMENTS_MAX, KEPT_SECONDS
from oxtail.core.digest import sha256_hex
from oxtail.disk.atomic import Disk
from oxtail.errors import AttachmentRefused, StoreError
from oxtail.store.files.attachments import FileAttachments

MOST = 100


class Staging:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.disk = Disk(str(folder / "state"), fsync=False)
        self.attachments = FileAttachments(self.disk, self.clock)

    def file(self, name: str, content: bytes = b"content") -> str:
        path = self.folder / name
        path.write_bytes(content)
        return str(path)

    def copies(self) -> list[str]:
        return self.disk.names(self.disk.layout.attachments)

    def refused(self, *paths: str) -> str:
        with pytest.raises(AttachmentRefused) as caught:
            self.attachments.stage(paths, MOST)
        return str(caught.value.fields["reason"])


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return Staging(tmp_path)


def test_a_copy_is_private_and_named_after_its_bytes(staging: Staging) -> None:
    (one,) = staging.attachments.stage([staging.file("a b.txt")], MOST)

    assert os.path.basename(one.path) == f"{sha256_hex(b'content')}-a_b.txt"
    assert (one.name, one.size) == ("a b.txt", 7)
    assert Path(one.path).read_bytes() == b"content"
    assert stat.S_IMODE(os.stat(one.path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(one.path)).st_mode) == 0o700


def test_a_link_is_followed_and_a_quoted_path_is_understood(staging: Staging) -> None:
    real = staging.file("real one.txt")
    link = staging.folder / "link"
    link.symlink_to(real)
    for path in (str(link), f"'{link}'", real.replace(" ", "\\ ")):
        (copied,) = staging.attachments.stage([path], MOST)
        assert copied.name == "real one.txt"


def test_what_is_no_regular_file_is_refused(staging: Staging) -> None:
    os.mkfifo(staging.folder / "pipe")
    assert staging.refused(str(staging.folder)) == "not-a-file"
    assert staging.refused(str(staging.folder / "pipe")) == "not-a-file"
    assert staging.refused("/dev/null") == "not-a-file"
    assert staging.refused(str(staging.folder / "missing")) == "not-found"
    assert staging.refused("a\0b") == "unreadable"
    (staging.folder / "loop").symlink_to("loop")
    assert staging.refused(str(staging.folder / "loop")) == "unreadable"


def test_a_large_file_is_refused_also_one_that_grows(
    staging: Staging, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert staging.attachments.stage([staging.file("fits", b"x" * MOST)], MOST)
    assert staging.refused(staging.file("large", b"x" * (MOST + 1))) == "too-large"
    growing = staging.file("growing", b"x" * MOST)
    opened = os.fstat

    def grown(descriptor: int) -> os.stat_result:
        found = opened(descriptor)
        with open(growing, "ab") as file:
            file.write(b"more")
        return found

    monkeypatch.setattr("oxtail.store.files.attachments.os.fstat", grown)
    assert staging.refused(growing) == "too-large"


def test_too_many_files_are_refused(staging: Staging) -> None:
    path = staging.file("a")
    assert staging.refused(*[path] * (ATTACHMENTS_MAX + 1)) == "too-many"
    assert len(staging.attachments.stage([path] * ATTACHMENTS_MAX, MOST)) == ATTACHMENTS_MAX


def test_all_files_are_copied_or_none(staging: Staging) -> None:
    good = staging.file("good")
    assert staging.refused(good, str(staging.folder / "missing")) == "not-found"
    assert staging.copies() == []


def test_a_disk_that_refuses_takes_back_the_copies_of_this_call_alone(
    staging: Staging, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, new = staging.file("before", b"1"), staging.file("new", b"2")
    staging.attachments.stage([before], MOST)
    kept = staging.copies()
    publish = staging.disk.publish

    def failing(path: str, data: bytes, **options: object) -> None:
        if data == b"3":
            raise OSError(28, "No space left on device")
        publish(path, data, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(staging.disk, "publish", failing)
    with pytest.raises(StoreError):
        staging.attachments.stage([before, new, staging.file("last", b"3")], MOST)
    assert staging.copies() == kept


def test_a_copy_is_kept_for_a_week_after_it_was_last_attached(staging: Staging) -> None:
    old, other = staging.file("old", b"1"), staging.file("other", b"2")
    staging.attachments.stage([old, other], MOST)
    (Path(staging.disk.layout.attachments) / "mine.txt").write_text("not a copy")
    staging.clock.advance(KEPT_SECONDS - 10)
    staging.attachments.stage([old], MOST)
    staging.clock.advance(20)
    staging.attachments.stage([], MOST)
    assert sorted(name[-4:] for name in staging.copies()) == ["-old", ".txt"]


def test_what_a_dead_writer_left_goes_with_the_old_and_no_copy_is_taken_for_that(
    staging: Staging,
) -> None:
    (kept,) = staging.attachments.stage([staging.file("odd.tmp.1.0123456789ab", b"1")], MOST)
    left = staging.disk.temporary(kept.path)
    Path(left).write_bytes(b"half")
    os.utime(left, (staging.clock.now() - KEPT_SECONDS - 1,) * 2)
    staging.attachments.stage([], MOST)
    assert staging.copies() == [os.path.basename(kept.path)]
