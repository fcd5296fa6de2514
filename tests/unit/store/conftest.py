"""One state folder per test, and both stores where a rule holds for both."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.stores import Hosts


@pytest.fixture
def hosts(home: Path) -> Hosts:
    return Hosts(home / ".oxtail")
