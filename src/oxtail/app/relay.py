"""Mail for a session on another host: where it is committed, and what its sender is told.

A step of :mod:`oxtail.app.send`, loaded only for such mail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.address import Route
from oxtail.core.names import relay_box
from oxtail.core.remote import Mail, relayed

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.core.envelope import Envelope
    from oxtail.core.remote import Neighbor

_REMOTE: Final = (
    "The session is on the host {host}. The message is kept here until that host can be given it; "
    "what becomes of it there is not known yet."
)
_NOT_CARRIED: Final = "It waits now: {problem}."


def relay(ctx: Context, peer: Neighbor, envelope: Envelope, *, repeat: bool) -> None:
    """Commit *envelope* to the box out of which mail is carried to the host of *peer*.

    Raises:
        StoreError: it could not be committed; nothing was sent.
    """
    # Whose ledger gets it, and whether a person has to let it through, is up to that host.
    route = Route(relay_box(peer.host_id), peer.session_id, None, is_held=True)
    mail = Mail(peer.session_id, peer.session.project, envelope)
    ctx.store.put(route, relayed(mail, peer.host_id), repeat=repeat)


def outlook(ctx: Context, peer: Neighbor) -> str:
    """Return what is known of the way to *peer*; the carrier's word is a hint."""
    note = _REMOTE.format(host=peer.host_name)
    problem = ctx.hosts.trouble()
    return f"{note} {_NOT_CARRIED.format(problem=problem)}" if problem else note
