"""Whose mail is accepted, held or refused.

Belongs here: rules, which of them decides, and their form on disk.  Never here: who asks, and what
is done about it (:mod:`oxtail.app.policy`).  ``docs/formats/policy.md`` has the form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from oxtail.core.value import Value
from oxtail.errors import BadArgument, DamagedRecord

if TYPE_CHECKING:
    from collections.abc import Collection

ACCEPT: Final = "accept"
HOLD: Final = "hold"
REFUSE: Final = "refuse"
ACTIONS: Final = (ACCEPT, HOLD, REFUSE)

EVERYBODY: Final = "*"
"""Stands for every sender."""

WHO_MAX_CHARS: Final = 4_096
"""Longest name in a rule: that of a folder."""

RULES_MAX: Final = 200
"""Most rules of one policy; a sender reads all of them."""

RELEASED: Final = "released"
"""Extension member of a message that a person has let through; no rule applies to it any more."""


class Rule(Value):
    """What happens to the mail of *who*: a session id, a chosen name, a project root, or ``*``."""

    who: str
    action: str


class Sender(Value):
    """By what a sender is known to rules.

    Attributes:
        ids: Its session ids, earlier ones included; none where it has not said who it is.
        name: The name that its user chose.
        root: The root of its project.
    """

    ids: tuple[str, ...]
    name: str | None = None
    root: str | None = None

    def answers_to(self, who: str) -> bool:
        """Tell whether a rule for *who* is about this sender."""
        return who == EVERYBODY or who in self.ids or who in (self.name, self.root)


class Policy(Value):
    """Rules in order; the first that matches decides."""

    rules: tuple[Rule, ...] = ()

    def rule_for(self, sender: Sender) -> Rule | None:
        """Return the rule that decides about the mail of *sender*, or None."""
        return next((rule for rule in self.rules if sender.answers_to(rule.who)), None)

    def with_rule(self, rule: Rule) -> Policy:
        """Return the policy with *rule*, in the place of an older one for the same sender.

        A new one comes after all others.  A rule for everybody stays last: it decides before those
        that come after it.

        Raises:
            BadArgument: there are too many rules, or *rule* is none.
        """
        check_rule(rule)
        rules = list(self.rules)
        at = next((place for place, old in enumerate(rules) if old.who == rule.who), None)
        if at is None:
            rules.append(rule)
        else:
            rules[at] = rule
        if len(rules) > RULES_MAX:
            raise BadArgument("who", f"there are {RULES_MAX} rules already; remove one first")
        rules.sort(key=lambda each: each.who == EVERYBODY)
        return Policy(tuple(rules))

    def without(self, who: str) -> Policy:
        """Return the policy without the rules for *who*."""
        return Policy(tuple(rule for rule in self.rules if rule.who != who))


def decisive(policies: Collection[Policy], sender: Sender) -> Rule | None:
    """Return the rule of the first of *policies* that has one for *sender*, or None."""
    for policy in policies:
        if rule := policy.rule_for(sender):
            return rule
    return None


def check_rule(rule: Rule) -> Rule:
    """Return *rule* if it is one.

    Raises:
        BadArgument: it names nobody, too long a name, or no such action.
    """
    if not rule.who or len(rule.who) > WHO_MAX_CHARS or not rule.who.isprintable():
        raise BadArgument("who", f"must have 1 to {WHO_MAX_CHARS} printable characters")
    if rule.action not in ACTIONS:
        raise BadArgument("action", f"must be one of {', '.join(ACTIONS)}")
    return rule


def as_list(policy: Policy) -> list[dict[str, str]]:
    """Return the rules as they are written and shown."""
    return [rule._asdict() for rule in policy.rules]


def from_list(value: object) -> Policy:
    """Return the policy whose rules *value* lists.

    Raises:
        DamagedRecord: one of them is no rule, or there are too many; ``problem`` says why.
    """
    if not isinstance(value, list) or len(value) > RULES_MAX:
        raise DamagedRecord(f"rules is not a list of at most {RULES_MAX}")
    rules = []
    for each in value:
        members: dict[str, Any] = each if isinstance(each, dict) else {}
        who, action = members.get("who"), members.get("action")
        if not isinstance(who, str) or not isinstance(action, str):
            raise DamagedRecord("a rule has no who or no action")
        try:
            rules.append(check_rule(Rule(who, action)))
        except BadArgument as error:
            raise DamagedRecord(f"{error.field} of a rule {error.problem}") from error
    return Policy(tuple(rules))
