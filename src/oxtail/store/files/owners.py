"""Owner records in files: who holds a claim or waits for an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from oxtail.core.owner import Owner

if TYPE_CHECKING:
    from collections.abc import Callable

FOREIGN_OWNER_SECONDS: Final = 600
"""How long an owner on another host, or in another process namespace, is believed to be alive.

Nothing about it can be proved from here, and repeating mail is better than losing it."""


def owner_to_dict(owner: Owner) -> dict[str, Any]:
    """Return the members of an owner record."""
    return owner._asdict()


def owner_from_dict(members: object) -> Owner | None:
    """Return the owner that *members* describes, or None if it describes none."""
    if not isinstance(members, dict):
        return None
    pid, host = members.get("pid"), members.get("host")
    if isinstance(pid, bool) or not isinstance(pid, int) or not isinstance(host, str):
        return None
    texts = [
        value if isinstance(value := members.get(name), str) else None
        for name in ("start_token", "boot_id", "pid_namespace")
    ]
    return Owner(pid, texts[0], texts[1], texts[2], host)


def has_left(owner: Owner, age: float, here: Owner, provably_dead: Callable[[Owner], bool]) -> bool:
    """Tell whether what *owner* holds may be taken over.

    Args:
        owner: Whose record it is.
        age: How old the record is, in seconds.
        here: This process.
        provably_dead: The proof.
    """
    if provably_dead(owner):
        return True
    is_foreign = (owner.host, owner.pid_namespace) != (here.host, here.pid_namespace)
    return is_foreign and age > FOREIGN_OWNER_SECONDS
