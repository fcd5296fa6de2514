"""Several processes that start at one instant."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Callable


def crowd(count: int, work: Callable[[int], object]) -> list[str]:
    """Run ``work(number)`` in *count* children at once; return what they return, as text.

    Fails if one of them raises.  The children start their work when all of them are there.
    """
    gate_reader, gate_writer = os.pipe()
    children = []
    for number in range(count):
        reader, writer = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.close(gate_writer)
                os.read(gate_reader, 1)  # end of file is the start
                os.write(writer, str(work(number)).encode())
                status = 0
            except BaseException:  # noqa: BLE001 - nothing may leave a forked child but its status
                traceback.print_exc(file=sys.stderr)
            finally:
                os._exit(status)
        os.close(writer)
        children.append((pid, reader))
    os.close(gate_reader)
    os.close(gate_writer)
    answers, failed = [], 0
    for pid, reader in children:
        data = b""
        while piece := os.read(reader, 65_536):
            data += piece
        os.close(reader)
        failed += os.waitpid(pid, 0)[1] != 0
        answers.append(data.decode())
    assert not failed, f"{failed} of {count} processes failed"
    return answers
