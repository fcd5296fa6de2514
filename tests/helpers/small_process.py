"""A small process that runs the tests which fork hundreds of times.

What a fork costs grows with the memory of the one who forks, and a worker of a whole suite has
imported all of it: there, a death costs more than all that is looked at after it.  So the first
thing that a worker does, before it imports a test, is to fork a process that stays as small.

A test that is marked ``forks`` is run there, with its parameters and folder and in its environment.
One that is given anything else, and any test under a debugger, is run where it is.
"""

from __future__ import annotations

import importlib
import os
import pickle
import signal
import socket
import struct
import sys
import traceback
import warnings
from typing import Any

import pytest

_LENGTH = struct.Struct("!I")


class SmallProcess:
    """Runs test functions in children of its own, one at a time."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._ours, theirs = socket.socketpair()
        with warnings.catch_warnings():
            # The thread that reads for xdist is not there any more in the child, nor is it needed.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._pid = os.fork()
        if self._pid == 0:
            self._ours.close()
            try:
                self._serve(theirs)
            finally:
                os._exit(0)
        theirs.close()

    def run(self, module: str, function: str, arguments: dict[str, Any]) -> str | None:
        """Run a test; return how it failed, or None."""
        _send(self._ours, (module, function, arguments, dict(os.environ), os.getcwd()))
        child = _receive(self._ours)
        if isinstance(child, str):
            return child
        try:
            return _receive(self._ours)
        except BaseException:  # the test took too long, or somebody pressed Ctrl-C
            os.kill(child, signal.SIGKILL)
            self.close()
            raise

    def close(self) -> None:
        """End it; a test that it runs is left to whoever knows its process."""
        self._ours.close()
        os.waitpid(self._pid, 0)

    def _serve(self, requests: socket.socket) -> None:
        sys.path.insert(0, self._root)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        while True:
            try:
                module, function, arguments, environ, folder = _receive(requests)
            except EOFError:
                return
            try:
                # Imported here and not in the child: tests of one file share it.
                test = getattr(importlib.import_module(module), function)
            except BaseException:  # noqa: BLE001 - told to the one who asked
                _send(requests, traceback.format_exc())
                continue
            pid = os.fork()
            if pid == 0:
                _send(requests, os.getpid())
                _send(requests, _outcome(test, arguments, environ, folder))
                os._exit(0)
            os.waitpid(pid, 0)


def _outcome(test: Any, arguments: dict[str, Any], environ: dict[str, str], cwd: str) -> str | None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(cwd)
    warnings.simplefilter("error")
    try:
        test(**arguments)
    except BaseException:  # noqa: BLE001 - told to the one who asked
        return traceback.format_exc()
    return None


def _send(to: socket.socket, value: Any) -> None:
    data = pickle.dumps(value)
    to.sendall(_LENGTH.pack(len(data)) + data)


def _receive(of: socket.socket) -> Any:
    (length,) = _LENGTH.unpack(_exactly(of, _LENGTH.size))
    return pickle.loads(_exactly(of, length))


def _exactly(of: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = of.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


_KEY = pytest.StashKey[SmallProcess]()


def start(config: pytest.Config) -> None:
    """Fork it, where tests are run one after the other."""
    deals_out = getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput")
    if not deals_out and not config.option.usepdb and not config.option.collectonly:
        config.stash[_KEY] = SmallProcess(str(config.rootpath))


def stop(config: pytest.Config) -> None:
    """End it."""
    if _KEY in config.stash:
        config.stash[_KEY].close()


def run(item: pytest.Function) -> bool:
    """Run *item* there if it may; return whether it was run, and fail as it has failed."""
    stash = item.config.stash
    if _KEY not in stash or item.get_closest_marker("forks") is None:
        return False
    given = getattr(item, "callspec", None)
    arguments = {name: item.funcargs[name] for name in item._fixtureinfo.argnames}
    if set(arguments) - set(given.params if given else ()) - {"tmp_path"}:
        return False
    process = stash[_KEY]
    try:
        problem = process.run(item.module.__name__, item.function.__name__, arguments)
    except BaseException:
        del stash[_KEY]
        raise
    if problem:
        pytest.fail(problem, pytrace=False)
    return True
