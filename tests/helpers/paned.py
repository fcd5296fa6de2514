"""Fake agents in panes of a private tmux server, with registry entries as their servers publish."""

from __future__ import annotations

import json
import os
import sys
import time
from io import BytesIO, TextIOWrapper
from pathlib import Path
from unittest.mock import patch

from helpers import fake_agent
from helpers.command import Done
from helpers.tmux import PrivateTmux
from helpers.waiting import until
from oxtail.cli.main import main
from oxtail.core.codec import encode_pretty
from oxtail.core.entry import OURS, Client, Entry
from oxtail.identity.process import start_token


class Paned:
    """A fake agent in a pane of its own.

    Attributes:
        pane: Its pane.
        entry: What its server has published.
    """

    def __init__(self, stage: PanedStage, name: str, session_id: str, window_of: str) -> None:
        self._stage = stage
        self.folder = stage.tmux.folder / name
        self.folder.mkdir()
        words = f"exec {stage.program} -I -S {fake_agent.__file__} {self.folder}"
        if window_of:
            self.pane = stage.tmux.run(
                "new-window", "-d", "-P", "-F", "#{pane_id}", "-t", f"={window_of}:", "-n", name,
                "-c", str(stage.project), words,
            )  # fmt: skip
        else:
            self.pane = stage.tmux.session(f"session-{name}", words, cwd=stage.project)
        until((self.folder / "screens").exists)
        pid = int((self.folder / "server").read_text())
        client = Client("codex", session_id, None, "env", str(stage.project))
        self.entry = Entry(
            pid, 1_800_000_000, client, "", self.pane, f"session-{name}",
            capabilities=OURS, name=name, start_token=start_token(pid),
        )  # fmt: skip
        stage.publish(self.entry)

    def wrote(self, seconds_ago: float) -> None:
        """Give the agent a transcript that was last written to so long ago."""
        path = self.folder / "rollout.jsonl"
        path.touch()
        os.utime(path, (time.time() - seconds_ago,) * 2)
        client = self.entry.client._replace(transcript_path=str(path))
        self.entry = self.entry._replace(client=client)
        self._stage.publish(self.entry)

    def tell(self, line: str) -> None:
        """Give the agent an order and wait until it has drawn the outcome."""
        before = self._drawn()
        (self.folder / "control").write_text(line + "\n")
        until(lambda: self._drawn() > before)

    def _drawn(self) -> int:
        return int((self.folder / "screens").read_text() or 0)

    def sent(self) -> list[str]:
        """Return the lines that were typed and submitted."""
        path = self.folder / "transcript"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line).get("sent", line) for line in lines]


class _Stream(TextIOWrapper):
    """Standard output of a command, which may be a terminal."""

    def __init__(self, is_terminal: bool) -> None:
        self._bytes, self._is_terminal = BytesIO(), is_terminal
        super().__init__(self._bytes)

    def isatty(self) -> bool:
        return self._is_terminal

    def text(self) -> str:
        return self._bytes.getvalue().decode()


class PanedStage:
    """A project whose agents run in panes of one private tmux server.

    The state folder is that of the test's own home.
    """

    def __init__(self, tmux: PrivateTmux, project: Path) -> None:
        self.tmux, self.project = tmux, project
        self.trace = tmux.folder / "trace"
        self.program = tmux.folder / "codex"
        self.program.symlink_to(os.path.realpath(sys.executable))

    def publish(self, entry: Entry) -> None:
        """Put *entry* into the registry."""
        folder = Path(os.environ["HOME"]) / ".oxtail" / "sessions"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / f"{entry.server_pid}.json").write_bytes(encode_pretty(entry.as_dict()))

    def agent(self, name: str, session_id: str, window_of: str = "") -> Paned:
        """Start an agent in a tmux session of its own, or in a window of *window_of*."""
        return Paned(self, name, session_id, window_of)

    def oxtail(
        self,
        *words: str,
        pane: str = "",
        terminal: bool = False,
        plain: bool = False,
        **extra: str,
    ) -> Done:
        """Run the command in this process, as in *pane* or as in a terminal outside of tmux.

        A *plain* terminal has no variable of tmux, which tmux takes for a promise of UTF-8.
        """
        inside = {"MCP_TRACE_FILE": str(self.trace), **extra}
        if plain:
            usual = self.tmux.socket.with_name("default")
            usual.unlink(missing_ok=True)
            usual.symlink_to(self.tmux.socket)
            inside["TMUX_TMPDIR"] = str(self.tmux.folder)
        else:
            inside["TMUX"] = f"{self.tmux.socket},1,0"
        if pane:
            inside["TMUX_PANE"] = pane
        out, err = _Stream(terminal), _Stream(terminal)
        with patch.dict(os.environ, inside), patch.multiple(sys, stdout=out, stderr=err):
            status = main(words)
        return Done(status, out.text(), err.text())
