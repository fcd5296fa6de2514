"""Write, sync, publish: nothing half-written is ever under a final name."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from helpers.fakes import FakeTrace
from oxtail.disk.atomic import Disk
from oxtail.errors import DamagedRecord, StoreError


@pytest.fixture
def disk(home: Path) -> Disk:
    disk = Disk(str(home / ".oxtail"), fsync=False, trace=FakeTrace())
    disk.folder(disk.layout.mailboxes)
    return disk


@pytest.fixture
def path(disk: Disk) -> Path:
    return Path(disk.layout.mailboxes, "file")


class Refusing:
    """A call of ``os`` that fails with *code*, after *half* of the data if that is asked for."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, name: str, code: int, half: bool = False
    ) -> None:
        real = getattr(os, name)
        self.calls = 0

        def refuse(*args: Any, **options: Any) -> Any:
            self.calls += 1
            if half and self.calls == 1:
                return real(args[0], bytes(args[1])[: len(args[1]) // 2])
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(os, name, refuse)


def beside(path: Path) -> list[str]:
    return sorted(os.listdir(path.parent))


def test_publishing_replaces_in_one_step_and_is_private(disk: Disk, path: Path) -> None:
    disk.publish(str(path), b"old")
    path.chmod(0o644)
    disk.publish(str(path), b"new")

    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert beside(path) == ["file"]


def test_creating_has_one_winner(disk: Disk, path: Path) -> None:
    assert disk.create(str(path), b"first", mtime=1_000_000.5)
    assert not disk.create(str(path), b"second")

    assert path.read_bytes() == b"first"
    assert path.stat().st_mtime == 1_000_000.5
    assert beside(path) == ["file"]


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("verb", ["publish", "create"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_leaves_the_old_file_and_no_litter(
    disk: Disk, path: Path, monkeypatch: pytest.MonkeyPatch, half: bool, verb: str, code: int
) -> None:
    if verb == "publish":
        disk.publish(str(path), b"old")
    before = beside(path)
    Refusing(monkeypatch, "write", code, half)
    with pytest.raises(OSError, match=os.strerror(code)):
        getattr(disk, verb)(str(path), b"new content")
    monkeypatch.undo()

    assert beside(path) == before
    assert not path.exists() or path.read_bytes() == b"old"


@pytest.mark.parametrize("half", [False, True])
def test_an_append_that_fails_adds_nothing(
    disk: Disk, path: Path, monkeypatch: pytest.MonkeyPatch, half: bool
) -> None:
    os.close(disk.append(str(path), b"one\n")[0])
    Refusing(monkeypatch, "write", errno.ENOSPC, half)
    with pytest.raises(OSError, match="No space"):
        disk.append(str(path), b"two\n")
    monkeypatch.undo()
    os.close(disk.append(str(path), b"three\n")[0])

    assert path.read_bytes() == b"one\nthree\n"


def test_a_short_write_is_continued(
    disk: Disk, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data)[:3]))
    os.close(disk.append(str(path), b"a longer line\n")[0])
    disk.publish(str(path) + "2", b"another one")
    monkeypatch.undo()

    assert path.read_bytes() == b"a longer line\n"
    assert Path(str(path) + "2").read_bytes() == b"another one"


def test_a_torn_line_is_ended_before_the_next(disk: Disk, path: Path) -> None:
    path.write_bytes(b"whole\ntorn")
    os.close(disk.append(str(path), b"next\n")[0])

    assert path.read_bytes() == b"whole\ntorn\nnext\n"


@pytest.mark.parametrize("kind", ["link", "dangling", "folder", "pipe"])
def test_what_is_no_file_is_neither_read_nor_written(disk: Disk, path: Path, kind: str) -> None:
    target = path.with_name("target")
    target.write_text("untouched")
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(target if kind == "link" else "/nowhere/at/all")
    for verb, arguments in (("read", ()), ("append", (b"x\n",)), ("empty", ())):
        with pytest.raises(DamagedRecord):
            getattr(disk, verb)(str(path), *arguments)

    assert target.read_text() == "untouched"


def test_a_file_that_is_too_large_is_damage(disk: Disk, path: Path) -> None:
    path.write_bytes(b"x" * 11)

    assert disk.read(str(path), 11) == b"x" * 11
    with pytest.raises(DamagedRecord):
        disk.read(str(path), 10)


def test_missing_things_are_no_error(disk: Disk, path: Path) -> None:
    assert disk.read(str(path)) is None
    assert not disk.remove(str(path))
    assert disk.names(str(path)) == []
    assert disk.stamp(str(path)) is None
    assert disk.set_aside(str(path), "gone") is None
    disk.empty(str(path))

    assert beside(path) == []


def test_emptying_keeps_the_file(disk: Disk, path: Path) -> None:
    path.write_bytes(b"x")
    inode = path.stat().st_ino
    disk.empty(str(path))

    assert (path.stat().st_size, path.stat().st_ino) == (0, inode)


def test_folders_are_made_private_even_where_they_were_not(home: Path) -> None:
    state = home / ".oxtail"
    (state / "mailboxes").mkdir(parents=True)
    for folder in (state, state / "mailboxes"):
        folder.chmod(0o755)
    disk = Disk(str(state))
    disk.folder(disk.layout.mailboxes)

    for folder in (state, state / "mailboxes"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_names_its_path(home: Path) -> None:
    (home / ".oxtail").write_text("in the way")
    disk = Disk(str(home / ".oxtail"))
    with pytest.raises(StoreError) as caught:
        disk.folder(disk.layout.mailboxes)

    assert caught.value.fields["path"] == disk.layout.mailboxes


def test_a_folder_that_was_removed_comes_back(disk: Disk, path: Path) -> None:
    for write in (
        lambda: disk.publish(str(path), b"x"),
        lambda: disk.create(str(path), b"x"),
        lambda: os.close(disk.append(str(path), b"x\n")[0]),
        lambda: os.close(disk.open_side(str(path))[0]),
    ):
        if path.exists():
            path.unlink()
        path.parent.rmdir()
        write()
        assert path.exists()


def test_damaged_lines_are_kept_with_their_origin(disk: Disk, path: Path) -> None:
    kept = disk.set_lines_aside(str(path), [b"a", b"b"], "torn")

    assert Path(kept).read_bytes() == b"a\nb\n"
    assert Path(kept).parent == Path(disk.layout.damaged)
    assert disk.trace.named("damaged_set_aside") == [  # type: ignore[attr-defined]
        {"path": str(path), "problem": "torn", "kept": kept, "lines": 2}
    ]


def test_a_damaged_thing_that_cannot_be_moved_is_reported(disk: Disk, path: Path) -> None:
    path.write_text("x")
    Path(disk.layout.damaged).write_text("in the way")

    assert disk.set_aside(str(path), "odd") is None
    assert path.exists()
    assert disk.trace.named("damaged_set_aside")[0]["kept"] is None  # type: ignore[attr-defined]


def test_what_was_replaced_is_not_removed(
    disk: Disk, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.publish(str(path), b"old")
    stamp = disk.stamp(str(path))
    assert stamp is not None
    disk.publish(str(path), b"newer content")
    assert not disk.remove_unchanged(str(path), stamp)
    newer = disk.stamp(str(path))
    assert newer is not None
    real = disk.stamp
    monkeypatch.setattr(disk, "stamp", lambda p: newer if p == str(path) else real(p))
    disk.publish(str(path), b"newest")
    assert not disk.remove_unchanged(str(path), newer)
    monkeypatch.undo()
    assert path.read_bytes() == b"newest"
    newest = disk.stamp(str(path))
    assert newest is not None

    assert disk.remove_unchanged(str(path), newest)
    assert beside(path) == []
