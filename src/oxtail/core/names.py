"""Every file name that is derived from somebody else's text.

Rule of this file: a name that reaches the file system comes from here, hashed or checked against a
fixed shape, so that no session id or message id can leave its folder.  ``docs/formats/README.md``
lists which store uses which name.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from oxtail.core.alphabet import ALPHANUMERIC, DIGITS, HEX, is_made_of
from oxtail.core.codec import encode_compact
from oxtail.core.digest import sha256_hex

_SAFE: Final = ALPHANUMERIC + "_-"
_NAME_MAX_CHARS: Final = 255
"""Longest name of a file that any file system takes."""

SESSION_ID_MAX_CHARS: Final = 200
"""Longest session id; the clients' own have 36 characters."""

BOX_READABLE_UNITS: Final = 40
"""UTF-16 units of the session id that stay readable in a box name."""


@lru_cache(512)  # a process names the same few sessions again and again
def _sha256(text: str) -> str:
    # A lone surrogate hashes as U+FFFD, as Node's UTF-8 encoder writes it.
    return sha256_hex(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode())


def hash32(text: str) -> str:
    """Return the first 32 hex digits of the SHA-256 of *text*."""
    return _sha256(text)[:32]


def named_project_key(name: str) -> str:
    """Return the 32 hex digits that stand between hosts for a project that its user has named."""
    return hash32("oxtail-project:" + name)


def is_project_key(key: object) -> bool:
    """Tell whether *key* stands for a project: 32 lower-case hex digits."""
    return isinstance(key, str) and len(key) == 32 and not key.strip("0123456789abcdef")


def pair_hash32(first: str, second: str) -> str:
    """Return the 32-digit hash of the compact JSON array of two strings."""
    return sha256_hex(encode_compact([first, second]))[:32]


def safe_name(text: str) -> str:
    """Return *text* with each UTF-16 unit outside ``[A-Za-z0-9_-]`` replaced by ``_``.

    A character beyond U+FFFF is two units, so it becomes ``__``.
    """
    if not text.strip(_SAFE):
        return text
    return "".join([c if c in _SAFE else "__" if ord(c) > 0xFFFF else "_" for c in text])


def session_box(session_id: str) -> str:
    """Return the box name of a session: ``s-``, a readable part, ``-``, eight hash digits.

    Raises:
        ValueError: *session_id* is empty; a shared box would deliver mail to strangers.
    """
    if not session_id:
        raise ValueError("an empty session id has no box")
    return f"s-{safe_name(session_id)[:BOX_READABLE_UNITS]}-{_sha256(session_id)[:8]}"


def held_box(session_id: str) -> str:
    """Return the name of the box in which mail for a session waits until a person lets it through.

    It is that of the session's own box with ``h-`` in front, and no session reads it.

    Raises:
        ValueError: *session_id* is empty.
    """
    return f"h-{session_box(session_id)[2:]}"


def is_held_box(name: str) -> bool:
    """Tell whether *name* has the form of such a box."""
    return name.startswith("h-") and is_box(name)


def pid_box(pid: int) -> str:
    """Return the box name of a server process."""
    if pid <= 0:
        raise ValueError("a process id is positive")
    return str(pid)


def is_host_id(text: object) -> bool:
    """Tell whether *text* is sixteen lower-case hex digits."""
    return is_message_id(text)


def check_host_id(text: str) -> str:
    """Return *text*, or refuse it with ValueError: nothing may be named after it."""
    if not is_host_id(text):
        raise ValueError(f"not a host id: {text[:40]!r}")
    return text


def relay_box(host_id: str) -> str:
    """Return the name of the box in which mail for another host waits to be carried there.

    Raises:
        ValueError: *host_id* is not sixteen hex digits.
    """
    return f"x-{check_host_id(host_id)}"


def is_relay_box(name: str) -> bool:
    """Tell whether *name* is the box of another host."""
    return name.startswith("x-") and is_message_id(name[2:])


def bell_of(name: str) -> str:
    """Return by what the bell of the box *name* is called: all boxes for other hosts have one.

    Whoever carries their mail listens for any of them, and there may be thousands.
    """
    return "x" if is_relay_box(name) else name


def is_box(name: str) -> bool:
    """Tell whether *name* has the form of a box name of any kind."""
    if name.startswith(("s-", "h-")):
        return is_made_of(_SAFE, name[2:], 1, _NAME_MAX_CHARS)
    return _spells_pid(name) or is_relay_box(name)


def _spells_pid(text: str) -> bool:
    return is_made_of(DIGITS, text, 1, 10) and text[0] != "0"


def check_box(name: str) -> str:
    """Return *name*, or refuse it.

    Raises:
        ValueError: *name* is no box name; nothing may be opened under it.
    """
    if not is_box(name):
        raise ValueError(f"not a box name: {name[:80]!r}")
    return name


def parse_pid(text: str) -> int | None:
    """Return the process id that *text* spells, or None; ``0123`` spells none."""
    return int(text) if _spells_pid(text) else None


def is_message_id(text: object) -> bool:
    """Tell whether *text* is sixteen lower-case hex digits."""
    return isinstance(text, str) and is_made_of(HEX, text, 16, 16)


def check_message_id(text: str) -> str:
    """Return *text*, or refuse it with ValueError: no file may be named after it."""
    if not is_message_id(text):
        raise ValueError(f"not a message id: {text[:40]!r}")
    return text


def is_session_id(text: str) -> bool:
    """Tell whether *text* may name a session: 1 to 200 printable characters."""
    return 0 < len(text) <= SESSION_ID_MAX_CHARS and text.isprintable()


def is_uuid_shape(text: str) -> bool:
    """Tell whether *text* is addressed as a session id: 36 characters of ``0-9a-f-``."""
    return is_made_of(HEX + "-", text, 36, 36)


def is_file_stem(text: str) -> bool:
    """Tell whether *text* can be a part of a file name that another program chose.

    It has 1 to 200 characters of ``A-Za-z0-9._-`` and does not start with a dot.
    """
    return is_made_of(_SAFE + ".", text, 1, 200) and text[0] != "."


def is_hash32_file(name: str, suffix: str) -> bool:
    """Tell whether *name* is that of a file called after a :func:`hash32`."""
    return name.endswith(suffix) and is_made_of(HEX, name[: -len(suffix)], 32, 32)


def completion_id(message_id: str) -> str:
    """Return the id that the completion of the delegation *message_id* always has."""
    return _sha256("oxtail-complete:" + message_id)[:16]


def reassigned_id(message_id: str) -> str:
    """Return the id that the delegation *message_id* always has once it is handed on."""
    return _sha256("oxtail-reassign:" + message_id)[:16]


def reassignment_note_id(message_id: str) -> str:
    """Return the id of the note that tells the requester of *message_id* who owes it now."""
    return _sha256("oxtail-reassigned:" + message_id)[:16]


def returned_id(message_id: str) -> str:
    """Return the id of the message that tells a sender that a host did not take *message_id*."""
    return _sha256("oxtail-returned:" + message_id)[:16]


def repeatable_id(session_id: str, key: str) -> str:
    """Return the id of the message that *session_id* sends under the idempotency key *key*."""
    return _sha256(f"oxtail-send:{session_id}\0{key}")[:16]


def repeatable_request_id(message_id: str) -> str:
    """Return the request id of a delegation whose own id is the same in each try."""
    return _sha256("oxtail-request:" + message_id)[:16]
