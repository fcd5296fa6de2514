"""When a message must not pass: too many hops, too high a rate, or talk without content."""

from __future__ import annotations

from oxtail.core.value import Value


class Passed(Value):
    """A message that passed.

    Attributes:
        at_ms: When, in unix milliseconds.
        is_empty: Whether it only acknowledged.
        is_back: Whether it went the other way than the question asks about.
    """

    at_ms: int
    is_empty: bool
    is_back: bool = False
