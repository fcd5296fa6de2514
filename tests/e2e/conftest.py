"""What all end-to-end tests share."""

from __future__ import annotations

import pytest

from helpers.waiting import PATIENCE
from oxtail.tmux import server, strips, workspace


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tmux take its time in this process: it is slow on a busy machine, and does not hang."""
    for module in (server, strips, workspace):
        monkeypatch.setattr(module, "TIMEOUT_SECONDS", PATIENCE)
