"""Every verb: which table has it, and which arguments it takes.

The tables are modules named ``*_verbs``.  They hold names and help texts, never what a verb does,
so help and docs import no verb; and a command line loads no table but that of its verb.

:mod:`oxtail.cli.parser` reads a command line by them, :mod:`oxtail.cli.help` prints them.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from oxtail.cli.argument import AS, JSON, Argument, Verb

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLES: Final[Mapping[str, str]] = {
    "serve": "own_verbs",
    "peers": "mail_verbs",
    "send": "mail_verbs",
    "ask": "mail_verbs",
    "inbox": "mail_verbs",
    "reply": "mail_verbs",
    "work": "work_verbs",
    "complete": "work_verbs",
    "block": "work_verbs",
    "decline": "work_verbs",
    "reassign": "work_verbs",
    "log": "history_verbs",
    "search": "history_verbs",
    "export": "history_verbs",
    "report": "history_verbs",
    "policy": "policy_verbs",
    "read": "mail_verbs",
    "status": "fleet_verbs",
    "fleet": "lifecycle_verbs",
    "message": "operator_verbs",
    "jump": "operator_verbs",
    "cockpit": "cockpit_verbs",
    "dock": "dock_verbs",
    "setup": "own_verbs",
    "uninstall": "own_verbs",
    "install-hook": "own_verbs",
    "uninstall-hook": "own_verbs",
    "demo": "own_verbs",
    "doctor": "own_verbs",
    "nats": "nats_verbs",
    "diagnose": "own_verbs",
}
"""The table of each verb, in the order of the help."""

_SETUP: Final = ("setup", "uninstall", "install-hook", "uninstall-hook")
_WITHOUT_IDENTITY: Final = frozenset(
    ("serve", "dock", "fleet", "demo", "doctor", "diagnose", "nats", *_SETUP)
)
_WITHOUT_JSON: Final = frozenset(("serve",))


def module(name: str) -> Any:
    """Return the module *name* of this package; importlib takes longer to load than most verbs."""
    place = f"{__package__}.{name.replace('-', '_')}"
    __import__(place)
    return sys.modules[place]


def named(verb: str) -> Verb:
    """Return the verb of that name; KeyError if there is none."""
    verbs: Mapping[str, Verb] = module(TABLES[verb]).VERBS
    return verbs[verb]


def every() -> dict[str, Verb]:
    """Return all verbs, in the order of the help."""
    return {verb: named(verb) for verb in TABLES}


def arguments_of(verb: str) -> tuple[Argument, ...]:
    """Return the arguments of *verb*, those that most verbs share included."""
    shared = (() if verb in _WITHOUT_IDENTITY else (AS,)) + (
        () if verb in _WITHOUT_JSON else (JSON,)
    )
    return named(verb).arguments + shared
