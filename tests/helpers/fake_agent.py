"""An agent on a terminal, without a model: it draws an input line and keeps what is sent to it.

Run as ``python fake_agent.py FOLDER``.  In the folder it keeps ``transcript`` (one JSON line per
thing sent), ``server`` (the pid of a child that stands for its server) and ``screens`` (how often
it has drawn), and obeys each line that is written into the fifo ``control``:

``busy`` (and say so under the input line) / ``idle``, ``draft TEXT``, ``dialog`` (a question about
a permission), ``swallow`` (take an Enter that follows fast typing for a line, as Codex does),
``plain`` (know no bracketed paste), ``deaf`` (take keys and do nothing), ``stubborn`` (Enter does
nothing), ``stop`` (as Ctrl-Z does).
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
import tty

BURST_SECONDS = 0.12
"""How long after fast typing Codex takes Enter for a line of a paste."""

SIGN = "\u276f"
OPEN, CLOSE = "\x1b[200~", "\x1b[201~"


class FakeAgent:
    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.traits: set[str] = set()
        self.text = ""
        self.pasting = False
        self.typed_at = 0.0
        self.drawn = 0

    def keep(self, **what: str) -> None:
        with open(f"{self.folder}/transcript", "a", encoding="utf-8") as file:
            file.write(json.dumps(what) + "\n")

    def draw(self) -> None:
        rows = ["fake agent", "busy" if "busy" in self.traits else "idle", ""]
        width = os.get_terminal_size().columns
        if "dialog" in self.traits:
            rows += [
                "Do you want to proceed?",
                f" \x1b[36m{SIGN}\x1b[0m 1. Yes",
                "   2. No",
                "",
                "Esc to cancel",
            ]
            row, column = 5, 2
        else:
            lines = [
                line[i : i + width - 2]
                for line in self.text.split("\n")
                for i in range(0, max(len(line), 1), width - 2)
            ]
            hint = "\x1b[2msay something\x1b[0m" if not self.text else ""
            rows += [
                "─" * width,
                f"{SIGN} {lines[0]}{hint}",
                *(f"  {line}" for line in lines[1:]),
                "─" * width,
                "  fake mode · esc to interrupt" if "busy" in self.traits else "",
            ]
            row, column = 4 + len(lines), 3 + len(lines[-1])
        sys.stdout.write("\x1b[2J\x1b[H" + "\r\n".join(rows) + f"\x1b[{row};{column}H")
        sys.stdout.flush()
        self.drawn += 1
        with open(f"{self.folder}/screens", "w", encoding="utf-8") as file:
            file.write(str(self.drawn))

    def obey(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        if verb == "draft":
            self.text = rest
        elif verb == "idle":
            self.traits.discard("busy")
        elif verb == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        else:
            self.traits.add(verb)
        if verb == "plain":
            sys.stdout.write("\x1b[?2004l")

    def enter(self) -> None:
        if "dialog" in self.traits:
            self.keep(answer="Yes")
            self.traits.discard("dialog")
        elif "swallow" in self.traits and time.monotonic() - self.typed_at < BURST_SECONDS:
            self.text += "\n"
        elif self.text and "stubborn" not in self.traits:
            self.keep(sent=self.text)
            self.text = ""

    def take(self, keys: str) -> None:
        while keys:
            if keys.startswith((OPEN, CLOSE)):
                self.pasting, keys = keys.startswith(OPEN), keys[len(OPEN) :]
                continue
            key, keys = keys[0], keys[1:]
            if "deaf" in self.traits:
                continue
            if key == "\r" and not self.pasting:
                self.enter()
            elif "dialog" in self.traits:
                self.keep(key=key)
            else:
                self.text += "\n" if key == "\r" else key
                self.typed_at = 0.0 if self.pasting else time.monotonic()

    def run(self, control: int) -> None:
        tty.setraw(0)
        sys.stdout.write("\x1b[?2004h")
        while True:
            self.draw()
            ready, _, _ = select.select([0, control], [], [])
            if control in ready:
                for line in os.read(control, 65_536).decode().splitlines():
                    self.obey(line)
            if 0 in ready:
                self.take(os.read(0, 65_536).decode())


def main(folder: str) -> None:
    server = subprocess.Popen(["sleep", "600"])
    os.mkfifo(f"{folder}/control")
    control = os.open(f"{folder}/control", os.O_RDWR)
    with open(f"{folder}/server", "w", encoding="utf-8") as file:
        file.write(str(server.pid))
    try:
        FakeAgent(folder).run(control)
    finally:
        server.kill()


if __name__ == "__main__":
    main(sys.argv[1])
