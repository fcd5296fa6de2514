"""A thing that is imported and built when it is first used."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Later:
    """Stands for what *build* returns, and builds it at the first use of one of its attributes.

    A send needs neither panes nor transcripts nor history, and their modules take longer to load
    than the send takes.  Attributes can be read, not set; a method is looked up once.
    """

    def __init__(self, build: Callable[[], object]) -> None:
        self._build = build

    def __getattr__(self, name: str) -> Any:
        # Reached only for names that are no attributes yet.  Two threads may build at once; then
        # all use what the first one kept.
        if "_built" not in self.__dict__:
            self.__dict__.setdefault("_built", self._build())
        found = getattr(self._built, name)
        if isinstance(found, type(self.__getattr__)):
            self.__dict__[name] = found
        return found
