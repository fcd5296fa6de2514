"""Stands in for :mod:`re`: a pattern is compiled, and the engine loaded, when it is first used.

``json`` and many modules of oxtail hold patterns that one process hardly ever needs.
"""

# mypy: ignore-errors

from oxtail.lean import from_real, real

NOFLAG = 0
I = IGNORECASE = 2  # noqa: E741 - the name that it stands in for
L = LOCALE = 4
M = MULTILINE = 8
S = DOTALL = 16
U = UNICODE = 32
X = VERBOSE = 64
A = ASCII = 256

_METHODS = ("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")


class _LatePattern:
    """A regular expression that is compiled when one of its methods is called."""

    def __init__(self, pattern, flags):
        self.pattern = pattern
        self._given = flags

    def _compile(self):
        compiled = real("re").compile(self.pattern, self._given)
        for name in _METHODS:
            setattr(self, name, getattr(compiled, name))
        return compiled

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._compile(), name)

    def __repr__(self):
        return f"re.compile({self.pattern!r}, {self._given})"


def _late(name):
    # Some keep a bound method in a default argument; that must not load the engine either.
    def method(self, *arguments, **members):
        return getattr(self._compile(), name)(*arguments, **members)

    return method


for _name in _METHODS:
    setattr(_LatePattern, _name, _late(_name))


def compile(pattern, flags=0):  # noqa: A001 - the name that it stands in for
    """Return *pattern* as it is, or one that is compiled when it is first used."""
    if isinstance(pattern, (str, bytes)):
        return _LatePattern(pattern, flags)
    return real("re").compile(pattern, flags)


__getattr__ = from_real("re")
