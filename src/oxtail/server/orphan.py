"""Whether the client that started this server is still there.

A client that dies usually closes the pipes; where another process holds them open, the changed
parent tells.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

TICK_SECONDS: Final = 30.0
"""How often to look; an orphan does no harm but the memory it holds."""

_INIT: Final = 1


class Parent:
    """The process that started this one."""

    def __init__(self, getppid: Callable[[], int] = os.getppid) -> None:
        self._getppid = getppid
        self._first = getppid()

    def is_gone(self) -> bool:
        """Tell whether the parent has ended.

        A server started by process 1 has no parent to lose, so this is never true for it.
        """
        return self._first != _INIT and self._getppid() != self._first
