"""SHA-256 from the interpreter's own module.

``hashlib`` loads OpenSSL, which costs each process about 4 ms and 4 MB; an oxtail process runs per
session all day and hashes a few names.  The private modules are taken as the standard library's
``random`` takes them, with ``hashlib`` where an interpreter has neither.
"""

from __future__ import annotations

try:
    from _sha2 import sha256  # type: ignore[import-not-found, unused-ignore]  # 3.12 and later
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found, unused-ignore]  # 3.11
    except ImportError:
        from hashlib import sha256


def sha256_hex(data: bytes) -> str:
    """Return the 64 hex digits of the SHA-256 of *data*."""
    digits: str = sha256(data).hexdigest()
    return digits
