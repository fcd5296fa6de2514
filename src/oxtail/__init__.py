"""oxtail: coding agents that run side by side find each other, message, ask and hand over work.

Importing this package loads nothing and changes nothing.
The public names of :mod:`oxtail.api` are reachable from here and loaded on first use::

    import oxtail

    with oxtail.join(name="builder") as me:
        me.send("reviewer", "the branch is ready")

See ``docs/tutorial.md`` and ``docs/reference/python.md``.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from oxtail.api import Answer, Batch, Message, Participant, join
    from oxtail.errors import OxtailError

__all__ = ["Answer", "Batch", "Message", "OxtailError", "Participant", "__version__", "join"]


def __getattr__(name: str) -> object:
    if name == "OxtailError":
        from oxtail.errors import OxtailError

        return OxtailError
    if name in __all__:
        from oxtail import api

        return getattr(api, name)
    raise AttributeError(f"module 'oxtail' has no attribute {name!r}")
