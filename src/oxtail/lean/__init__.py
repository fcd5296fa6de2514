"""What a process goes without that an agent waits for: it runs once, and most of it is loading.

Hooks, the server and the verbs that agents call get stand-ins for some modules of the standard
library.  Each is small, behaves as the real one in what it has, and fetches the rest from there:

* :mod:`oxtail.lean.typing`, whose ``NamedTuple`` needs no generated source;
* :mod:`oxtail.lean.re`, which loads the engine when a pattern is first used;
* :mod:`oxtail.lean.enum`, without flags and without the machinery for subclasses;
* :mod:`oxtail.lean.contextlib` and :mod:`oxtail.lean.functools`, with what is used of them;
* :mod:`oxtail.lean.signal`, without names for its numbers.

Together the real ones take longer than the rest of a hook that shows one message.  Rules of this
package:

* It imports nothing but modules written in C, and nothing else of oxtail.
* The tests run the real module and the stand-in through the same trials.
* Only a process that loads no foreign package installs it: a stranger may look into its types.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

NAMES = ("typing", "re", "enum", "contextlib", "functools", "signal")

_real: dict[str, ModuleType] = {}


def real(name: str) -> ModuleType:
    """Return the real module *name*, loaded when it is first asked for."""
    if name not in _real:
        stand_in = sys.modules.get(f"{__name__}.{name}")
        is_hidden = stand_in is not None and sys.modules.get(name) is stand_in
        if is_hidden:
            del sys.modules[name]
        try:
            _real.setdefault(name, __import__(name))
        finally:
            if stand_in is not None and is_hidden:
                sys.modules[name] = stand_in
    return _real[name]


def from_real(name: str) -> Callable[[str], object]:
    """Return the ``__getattr__`` of the stand-in for *name*: what it lacks comes from there."""
    stand_in = sys.modules[f"{__name__}.{name}"]

    def fetch(attribute: str) -> object:
        # Python asks a module for these by itself, and takes the answer for the module's own.
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        value: object = getattr(real(name), attribute)
        setattr(stand_in, attribute, value)
        return value

    return fetch


def install() -> None:
    """Take effect for everything that is imported from now on."""
    for name in NAMES:
        stand_in = f"{__name__}.{name}"
        __import__(stand_in)
        loaded = sys.modules.get(name)
        if loaded is not None and loaded is not sys.modules[stand_in]:
            _real.setdefault(name, loaded)
        sys.modules[name] = sys.modules[stand_in]
