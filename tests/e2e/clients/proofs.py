"""What the scenarios about receipts share: proofs of a message, and the line that one names.

Rule of this file: it runs inside the namespaces; it opens the transcript that oxtail names, and
looks into it with its own eyes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from e2e.clients.stage import until

if TYPE_CHECKING:
    from e2e.clients.model import Mind


def proof(status: dict[str, Any], stage: str) -> dict[str, Any] | None:
    """Return the proof of *stage* in what was said of a message, or None."""
    found = [one for one in status.get("evidence", []) if one["stage"] == stage]
    return found[0] if found else None


def found_by(sender: Mind, message_id: str) -> dict[str, Any]:
    """Let *sender* ask until its message was found in a transcript; report the line named.

    Returns:
        ``status``, what the sender was told at last; ``transcript``; ``text``, the line as it
        stands in that file.
    """

    def once() -> dict[str, Any] | None:
        status = sender.call("message_status", message_id=message_id)
        return status if proof(status, "in_context") else None

    status: dict[str, Any] = until(once, f"{message_id} was found in a transcript")
    place = proof(status, "in_context")
    assert place
    return {"status": status, "transcript": place["transcript"], "text": line_of(place)}


def line_of(place: dict[str, Any]) -> str:
    """Return the line that a proof names; empty if the file has no such line."""
    with open(place["transcript"], encoding="utf-8") as file:
        lines = file.read().split("\n")
    return lines[place["line"] - 1] if 0 < place["line"] <= len(lines) else ""
