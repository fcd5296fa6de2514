"""Rows about looking back: a search through 100,000 messages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import ClassVar

from harness import Row, World, oxtail_command, run_to_end

LEDGERS = 100
EACH = 1000

LEDGER = """
import os, random, sys
from oxtail.core.envelope import Envelope, encode
from oxtail.disk.layout import Layout
layout = Layout(sys.argv[1])
os.makedirs(layout.received, mode=0o700)
os.chmod(layout.home, 0o700)
chance = random.Random(7)
words = [f"word{number}" for number in range(20_000)]
weights = [1 / (number + 1) for number in range(20_000)]
for ledger in range(int(sys.argv[2])):
    with open(layout.ledger(f"session-{ledger}"), "wb") as file:
        for number in range(int(sys.argv[3])):
            body = " ".join(chance.choices(words, weights, k=60))
            at = 1_790_000_000 + number * 100 + ledger
            message = Envelope(f"{chance.getrandbits(64):016x}", body, at)
            file.write(encode(message))
"""
"""Writes ledgers whose words are as unevenly used as those of a language."""


class Search(Row):
    """``oxtail search`` from start to end, for a word that some of 100,000 messages hold."""

    name = "search"
    title = "`oxtail search`, 100,000 messages, index up to date"
    bound = 300
    npm14 = npm32 = "no such command"
    every: ClassVar[int] = 3
    floor: ClassVar[dict[str, int]] = {"bare": 1}

    def setup(self) -> None:
        self.world = World(self.folder, self.name)
        self.world.run(LEDGER, str(self.world.state), str(LEDGERS), str(EACH))
        size = sum(path.stat().st_size for path in self.world.state.glob("received/*"))
        took = []
        while not took or self._remark():
            took.append(self._once("word777"))
        index = (self.world.state / "search" / "index.sqlite").stat().st_size
        sizes = f"{size / 1e6:.0f} MB of ledgers, index {index / 1e6:.0f} MB"
        self.notes = [f"{sizes}; the first search took {took[0] / 1000:.1f} s"]

    def _remark(self) -> str | None:
        """Say what the last search left to be indexed; adds to the index itself."""
        with self.world.start([*oxtail_command(), "search", "--all", "--json", "absent"]) as search:
            assert search.stdout
            remark: str | None = json.loads(search.stdout.read())["result"]["remark"]
        return remark

    def _once(self, word: str) -> float:
        command = [*oxtail_command(), "search", "--all", word]
        wall, _ = run_to_end(command, self.world.environ(), self.world.project)
        return wall

    def sample(self) -> Sequence[float]:
        return [self._once(word) for word in ("word3", "word777", '"word1 word2"')]

    def close(self) -> None:
        self.world.remove()


ROWS: list[type[Row]] = [Search]
