"""Stands in for :mod:`typing`, whose ``NamedTuple`` builds each class from generated source.

What only type checkers understand is an object that bears everything; none looks at this file.
"""

# mypy: ignore-errors

from _operator import itemgetter

from oxtail.lean import from_real

TYPE_CHECKING = False


class _Anything:
    """Every annotation, and every form that makes one."""

    def __getitem__(self, _parameters):
        return self

    def __call__(self, *_arguments, **_members):
        return self

    def __or__(self, _other):
        return self

    __ror__ = __or__


_anything = _Anything()
Any = Callable = ClassVar = Final = Iterator = NoReturn = Self = TypeAlias = Union = _anything
Optional = Literal = Never = _anything


def TypeVar(*_arguments, **_members):  # noqa: N802 - the name that it stands in for
    """Return what may stand for any type."""
    return _anything


def cast(_kind, value):
    """Return *value*."""
    return value


def overload(function):
    """Return *function*."""
    return function


final = overload


class Generic:
    """A class with parameters that nobody looks at."""

    __slots__ = ()

    def __class_getitem__(cls, _parameters):
        """Return the class itself."""
        return cls


class Protocol(Generic):
    """A class that says what others promise."""


def _arguments_of(cls, fields, defaults):
    """Return the function that makes an instance of *cls* from its arguments."""
    count, new = len(fields), tuple.__new__

    def make(kind, *arguments, **members):
        if not members and len(arguments) == count:
            return new(kind, arguments)
        if len(arguments) > count:
            raise TypeError(f"{cls}() takes {count} arguments")
        values = dict(zip(fields, arguments, strict=False))
        for name, value in members.items():
            if name in values or name not in fields:
                raise TypeError(f"{cls}() got an unexpected or repeated argument {name!r}")
            values[name] = value
        values = {**defaults, **values}
        if len(values) != count:
            missing = [name for name in fields if name not in values]
            raise TypeError(f"{cls}() misses {', '.join(missing)}")
        return new(kind, [values[name] for name in fields])

    return make


def _asdict(self):
    return dict(zip(self._fields, self, strict=True))


def _replace(self, **members):
    unknown = [name for name in members if name not in self._fields]
    if unknown:
        raise ValueError(f"Got unexpected field names: {unknown!r}")
    return self._make(
        [members.get(name, old) for name, old in zip(self._fields, self, strict=True)]
    )


def _make(cls, values):
    made = tuple.__new__(cls, values)
    if len(made) != len(cls._fields):
        raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
    return made


def _repr(self):
    members = ", ".join(f"{name}={value!r}" for name, value in _asdict(self).items())
    return f"{type(self).__name__}({members})"


def _getnewargs(self):
    return tuple(self)


class _NamedTupleMeta(type):
    """Turns the body of a class into a tuple with names."""

    def __new__(cls, name, bases, body):
        if not bases:
            return type.__new__(cls, name, bases, body)
        fields = tuple(body.get("__annotations__", ()))
        defaults = {field: body[field] for field in fields if field in body}
        members = {
            "__slots__": (),
            "__match_args__": fields,
            "__repr__": _repr,
            "__getnewargs__": _getnewargs,
            "_asdict": _asdict,
            "_replace": _replace,
            "_make": classmethod(_make),
            **body,
            "_fields": fields,
            "_field_defaults": defaults,
            "__new__": _arguments_of(name, fields, defaults),
        }
        for place, field in enumerate(fields):
            members[field] = property(itemgetter(place))
        return type(name, (tuple,), members)


class NamedTuple(metaclass=_NamedTupleMeta):
    """What a tuple with names is derived from."""


__getattr__ = from_real("typing")
