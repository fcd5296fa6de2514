"""Every error that oxtail raises on purpose, in one tree.

Rules of this package:

* A class's ``code`` is stable and is what programs compare; its docstring is the default message.
* ``fields`` are further facts for the caller, and appear beside ``error`` in a tool's answer.
* Foreign exceptions are wrapped and kept as the cause.
* All of them are imported from here.  A class takes as long to make as a module to find, and a hook
  needs eight of them: the others are made when they are first named, in :mod:`oxtail.errors.mail`
  and :mod:`oxtail.errors.around`.

Each front end has one translator: the server answers with ``error``, the command line exits with
``exit_status``, a hook lets the agent's turn go on.  See ``docs/reference/errors.md``.
The errors of fleets are in :mod:`oxtail.core.fleet_errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from oxtail.errors.around import *  # noqa: F403 - names that are found later
    from oxtail.errors.mail import *  # noqa: F403 - the same


class OxtailError(Exception):
    """Something went wrong in oxtail."""

    code: ClassVar[str] = "oxtail-error"
    exit_status: ClassVar[int] = 1

    def __init__(self, message: str | None = None, /, **fields: object) -> None:
        self.message = message or (type(self).__doc__ or "").split("\n", 1)[0].strip()
        self.fields = fields
        super().__init__(self.message)


class UsageError(OxtailError):
    """The request cannot be carried out as it was put."""

    code = "usage-error"
    exit_status = 2


class BadArgument(UsageError):
    """An argument has the wrong type, size or form."""

    code = "bad-argument"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}", field=field)
        self.field = field
        self.problem = problem


class NotEmitted(OxtailError):
    """The answer did not reach the caller, so what it showed stays unread."""

    code = "not-emitted"
    exit_status = 4


class StoreError(OxtailError):
    """The state folder could not be read or written; nothing was changed."""

    code = "store-error"
    exit_status = 5


class LockBusy(StoreError):
    """Another process has kept a lock for longer than this one is willing to wait."""

    code = "lock-busy"


class DamagedRecord(StoreError):
    """A file or line of the state folder is not what its place promises."""

    code = "damaged-record"

    def __init__(self, problem: str, /, **fields: object) -> None:
        super().__init__(problem, **fields)
        self.problem = problem


class OutputFailed(OxtailError):
    """The output could not be written."""

    code = "output-failed"


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Return the class *name* of one of the modules; they are loaded only for this."""
        if not name.startswith("_"):
            import oxtail.errors.mail as found

            if not hasattr(found, name):
                import oxtail.errors.around as found
            if hasattr(found, name):
                return globals().setdefault(name, getattr(found, name))
        raise AttributeError(f"module 'oxtail.errors' has no attribute {name!r}")
