"""Reading a payload and writing an output, down at the descriptors."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from oxtail.errors import BadArgument, NotEmitted
from oxtail.hooks import command, payload

SOURCE = Path(command.__file__).parents[2]

FILL = f"""
import os, sys
sys.path.insert(0, {str(SOURCE)!r})
from oxtail.hooks.command import _fill_closed_descriptors
is_open = _fill_closed_descriptors()
first = os.open(os.devnull, os.O_RDONLY)
sys.exit(10 * is_open + (first > 2))
"""


@pytest.mark.parametrize(
    ("closed", "status"), [("", 11), ("0<&-", 11), ("1>&-", 1), ("0<&- 1>&-", 1), ("2>&-", 11)]
)
def test_no_file_gets_the_number_of_a_standard_descriptor(closed: str, status: int) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -I -S -c "$1" {closed}', sys.executable, FILL],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=60,
    )

    assert done.returncode == status


def pipe_with(data: bytes) -> int:
    reader, writer = os.pipe()

    def fill() -> None:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(writer, view) :]
        except BrokenPipeError:
            pass
        finally:
            os.close(writer)

    threading.Thread(target=fill).start()
    return reader


def test_what_the_script_has_read_comes_first() -> None:
    reader = pipe_with(b'n_id":"x"}')
    assert payload.read(reader, b'{"sessio') == b'{"session_id":"x"}'
    os.close(reader)


def test_a_payload_has_a_bound() -> None:
    whole = b"x" * payload.PAYLOAD_MAX_BYTES
    reader = pipe_with(whole)
    assert payload.read(reader) == whole
    os.close(reader)

    reader = pipe_with(whole)
    with pytest.raises(BadArgument):
        payload.read(reader, b"y")
    os.close(reader)


def test_a_terminal_and_a_closed_input_are_refused() -> None:
    ours, theirs = os.openpty()
    with pytest.raises(BadArgument):
        payload.read(theirs)
    os.close(ours)
    os.close(theirs)
    with pytest.raises(BadArgument):
        payload.read(theirs)


def test_an_output_that_nobody_reads_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "EMIT_SECONDS", 0.05)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with pytest.raises(NotEmitted):
        command.write_all(writer, b"x" * 1_000_000)
    os.close(reader)
    with pytest.raises(NotEmitted):
        command.write_all(writer, b"x")
    os.close(writer)
    with pytest.raises(NotEmitted):
        command.write_all(writer, b"x")
