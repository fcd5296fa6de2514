"""A file that stays open is closed once, at the latest with its owner."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from oxtail.disk.opened import Opened


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError as error:
        return error.errno != errno.EBADF
    return True


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "file"
    found.write_bytes(b"12345")
    return found


def test_it_tells_what_the_file_is_as_long_as_it_has_a_name(path: Path) -> None:
    opened = Opened(os.open(path, os.O_RDONLY))
    found = opened.look()
    assert found
    assert found.st_size == 5

    path.with_name("other").write_bytes(b"")
    path.with_name("other").rename(path)
    assert opened.look() is None


def test_it_is_closed_with_its_owner(path: Path) -> None:
    opened = Opened(os.open(path, os.O_RDONLY))
    descriptor = opened.descriptor
    assert is_open(descriptor)
    del opened
    assert not is_open(descriptor)


def test_a_descriptor_that_was_given_away_is_not_closed_again(path: Path) -> None:
    opened = Opened(os.open(path, os.O_RDONLY))
    opened.close()
    anew = os.open(path, os.O_RDONLY)
    opened.close()
    del opened
    assert is_open(anew)
    os.close(anew)
