"""Whose mail is accepted, held or refused."""

from __future__ import annotations

from oxtail.core.value import Value

ACCEPT = "accept"
HOLD = "hold"
REFUSE = "refuse"


class Rule(Value):
    """What happens to the mail of *who*: a session id, a chosen name, a project root, or ``*``."""

    who: str
    action: str


class Policy(Value):
    """Rules in order; the first that matches decides."""

    rules: tuple[Rule, ...] = ()
