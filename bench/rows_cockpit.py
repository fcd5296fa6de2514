"""Rows about the cockpit: what it costs to watch 200 sessions with 10,000 messages.

The command runs on a terminal of its own (a pty), among 200 processes that are alive, each with an
entry, a box, a ledger and a transcript.  Somebody writes to a ledger all the time, so that it has
to look again as often as it ever does.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Sequence

from harness import Row, World, oxtail_command, quantile

SESSIONS = 200
EACH = 50
LINES, COLUMNS = 40, 120
KEYS = 60
STIR_SECONDS = 0.1

CROWD = """
import json, os, sys, time
from oxtail.core.codec import encode_pretty
from oxtail.core.entry import OURS, Client, Entry, State
from oxtail.core.envelope import Envelope, encode
from oxtail.core.names import session_box
from oxtail.disk.layout import Layout
from oxtail.identity.process import current_owner, lstart

home, project, sessions, each = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
layout = Layout(home)
for folder in (home, layout.sessions, layout.received, layout.mailboxes, home + "/transcripts"):
    os.makedirs(folder, mode=0o700, exist_ok=True)
ids = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(sessions)]
now = int(time.time())
made = 0

def written(path, lines):
    with open(path, "wb") as file:
        file.writelines(lines)
    os.chmod(path, 0o600)

for number, session_id in enumerate(ids):
    other = ids[(number + 1) % sessions]
    messages = []
    for place in range(each):
        made += 1
        request = f"r{number:04x}{place:011x}" if place % 10 == 0 else None
        extra = (("deadline", now + 3600),) if place == 1 else ()
        messages.append(Envelope(
            f"{made:016x}", f"message {place} for {number}: please look at the thing " * 3,
            now - (each - place) * 60, from_session_id=other, request_id=request,
            action_required=place in (0, 1), extra=extra))
    written(layout.ledger(session_id), map(encode, messages))
    written(layout.box(session_box(session_id)), map(encode, messages[-2:]))
    call = {"type": "assistant", "message": {"id": "m", "content": [
        {"type": "tool_use", "id": "t", "name": "Bash", "input": {}}]}}
    written(f"{home}/transcripts/{number}", [json.dumps(call).encode() + b"\\n"] * 20)
pids = []
for number, session_id in enumerate(ids):
    pid = os.fork()
    if pid == 0:
        time.sleep(3600)
        os._exit(0)
    pids.append(pid)
for number, (session_id, pid) in enumerate(zip(ids, pids)):
    client = Client("claude-code", session_id, f"{home}/transcripts/{number}", "env", project)
    entry = Entry(server_pid=pid, started_at=now, client=client, proc_sig=lstart(pid),
                  capabilities=OURS, name=f"agent{number}", state=State("work on it", now))
    written(layout.entry(pid), [encode_pretty(entry.as_dict())])
print("READY", *pids, flush=True)
sys.stdin.read()
for pid in pids:
    os.kill(pid, 9)
"""

LOOK = """
import sys, time
from oxtail.app.fleet import Collector
from oxtail.config import from_env
from oxtail.wiring import open_context
import os
collector = Collector(open_context(from_env(os.environ), role="cli"))
fleet = collector.look(comms=200)
assert len(fleet.agents) + len(fleet.background) == int(sys.argv[1]), len(fleet.agents)
assert len(fleet.comms) == 200
import oxtail.core.names, oxtail.disk.layout, oxtail.core.envelope as envelope
layout = oxtail.disk.layout.Layout(os.environ["HOME"] + "/.oxtail")
for number in range(20):
    with open(layout.ledger("%08x-0000-4000-8000-000000000000" % number), "ab") as file:
        one = envelope.Envelope("%016x" % (number + 999999), "more", int(time.time()))
        file.write(envelope.encode(one))
    start = time.process_time()
    collector.look(comms=200)
    print((time.process_time() - start) * 1000)
"""


class _Fleet(Row):
    """A row with a fleet of live processes."""

    def setup(self) -> None:
        self.world = World(self.folder, self.name)
        (self.world.project / ".git").mkdir()
        words = [str(self.world.state), str(self.world.project), str(SESSIONS), str(EACH)]
        code = [oxtail_python(), "-c", CROWD, *words]
        self.crowd = self.world.start(code)
        assert self.crowd.stdout
        first = self.crowd.stdout.readline()
        if not first.startswith(b"READY"):
            raise RuntimeError("the crowd could not be made")

    def close(self) -> None:
        assert self.crowd.stdin
        self.crowd.stdin.close()
        self.crowd.wait(timeout=30)
        self.world.remove()


def oxtail_python() -> str:
    import sys

    return sys.executable


class Look(_Fleet):
    """One look of a collector that has looked before, after one ledger of 200 has grown."""

    name = "look"
    title = "a look at 200 sessions, 10,000 messages, CPU"
    bound = 100
    npm14 = npm32 = "not measured"

    def sample(self) -> Sequence[float]:
        return [float(line) for line in self.world.run(LOOK, str(SESSIONS)).split()]


class Terminal:
    """``oxtail cockpit`` on a pty."""

    def __init__(self, world: World) -> None:
        primary, secondary = pty.openpty()
        fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            [*oxtail_command(), "cockpit"],
            stdin=secondary,
            stdout=secondary,
            stderr=secondary,
            cwd=world.project,
            env=world.environ(TERM="xterm-256color", COLORTERM="truecolor"),
            start_new_session=True,
        )
        os.close(secondary)
        self.terminal = primary
        self.read_until(b"agent0", 60)

    def read_until(self, word: bytes, seconds: float) -> None:
        seen, end = b"", time.monotonic() + seconds
        while word not in seen:
            if time.monotonic() > end:
                raise RuntimeError(f"the cockpit did not show {word!r}")
            seen += self._read(1.0)

    def _read(self, seconds: float) -> bytes:
        ready, _, _ = select.select([self.terminal], [], [], seconds)
        return os.read(self.terminal, 1 << 16) if ready else b""

    def quiet(self, seconds: float) -> None:
        """Read until nothing has come for so long."""
        while self._read(seconds):
            pass

    def press(self, key: bytes, shown: bytes) -> float:
        """Milliseconds from *key* to the output that shows the cursor on *shown*."""
        seen = b""
        start = time.perf_counter()
        os.write(self.terminal, key)
        while shown not in seen:
            seen += self._read(0.5)
            if time.perf_counter() - start > 5:
                raise RuntimeError(f"{key!r} did not show {shown!r} in {seen[-500:]!r}")
        return (time.perf_counter() - start) * 1000

    def status(self, name: str) -> int:
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(name + ":"))

    def cpu(self) -> float:
        """Seconds of CPU time so far."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        os.write(self.terminal, b"\x03")
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self.terminal)


STIR = """
import os, sys, time
import oxtail.core.envelope as envelope, oxtail.disk.layout as layout
paths = layout.Layout(os.environ["HOME"] + "/.oxtail")
number = 0
while True:
    number += 1
    session = "%08x-0000-4000-8000-000000000000" % (number % 200)
    with open(paths.ledger(session), "ab") as file:
        one = envelope.Envelope("%016x" % (number + 10**9), "x" * 50, int(time.time()))
        file.write(envelope.encode(one))
    time.sleep(float(sys.argv[1]))
"""
"""Grows one ledger after the other."""


class _Screen(_Fleet):
    """A row with a cockpit among a fleet that never rests."""

    def setup(self) -> None:
        super().setup()
        self.terminal = Terminal(self.world)
        self.stir = self.world.start([oxtail_python(), "-c", STIR, str(STIR_SECONDS)])

    def close(self) -> None:
        self.stir.kill()
        self.stir.wait()
        self.terminal.close()
        super().close()


class Key(_Screen):
    """From a key to the row that it moves the cursor to, while the screen is kept new."""

    name = "key"
    title = "cockpit, 200 sessions: key to redraw, p95 while refreshing"
    bound = 50
    npm14 = npm32 = "not measured"

    def sample(self) -> Sequence[float]:
        times = []
        for number in range(KEYS):
            down = number % 2 == 0
            key = b"j" if down else b"k"
            shown = b"agent1 " if down else b"agent0 "
            times.append(self.terminal.press(key, shown))
            time.sleep(0.03)
        return [quantile(times, 0.95)]


class Memory(_Screen):
    """Resident memory of the cockpit after it has been used for a while."""

    name = "screen-rss"
    title = "cockpit, 200 sessions, memory"
    unit = "MB"
    bound = 60
    npm14 = npm32 = "not measured"

    def sample(self) -> Sequence[float]:
        start, cpu = time.monotonic(), self.terminal.cpu()
        for key in (b"i", b"l", b"j", b"k", b"l", b"i"):
            os.write(self.terminal.terminal, key)
            self.terminal.quiet(0.3)
        share = (self.terminal.cpu() - cpu) / (time.monotonic() - start) * 100
        self.notes = [f"{share:.0f} % of a core while a ledger grows ten times a second"]
        return [self.terminal.status("VmRSS") / 1024]


ROWS: list[type[Row]] = [Look, Key, Memory]
