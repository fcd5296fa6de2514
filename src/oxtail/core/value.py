"""What values that cross a border are made of: a frozen tuple with names, typed and cheap to load.

To a type checker it is ``typing.NamedTuple``, and all that this one refuses is refused there.  At
run time it behaves the same and begins without generated source, which costs a process about five
times as much for each class.  A class that makes many values gets a constructor from source then,
as every named tuple has: that makes a value in a third of the time.  Rules of its users:

* The module imports ``annotations`` from ``__future__``; the names of the fields come from there.
* Values are made, compared and copied in the ways of a named tuple; there is no functional form.
"""

from __future__ import annotations

try:
    from _collections import _tuplegetter as _member  # type: ignore[import-not-found]
except ImportError:
    from operator import itemgetter

    def _member(place: int, _: str | None) -> property:
        return property(itemgetter(place))


TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, ClassVar, Self
    from typing import NamedTuple as Value

__all__ = ["Value"]

_MISSING = object()
"""Stands where a field has no default; never inside a value."""

MANY = 64
"""How many values a class makes until a constructor from source is worth its price."""

_made: dict[type, int] = {}


class _ValueType(type):
    """Turns the annotations of a class body into fields."""

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> _ValueType:
        """Return the class; what is derived from a class with fields is an ordinary class.

        Raises:
            TypeError: there are no fields.
        """
        if bases != (tuple,) and not hasattr(bases[0], "_fields"):
            fields = tuple(body.get("__annotations__", ()))
            if not fields:
                raise TypeError(f"{name} has no fields, or its module no __future__ annotations")
            body["__slots__"] = ()
            body["_fields"] = body["__match_args__"] = fields
            body["_field_defaults"] = {field: body[field] for field in fields if field in body}
            body["_otherwise"] = tuple(body.get(field, _MISSING) for field in fields)
            for place, field in enumerate(fields):
                body[field] = _member(place, None)
        return type.__new__(cls, name, bases, body)


class _Value(tuple[object, ...], metaclass=_ValueType):
    """A tuple whose members have names."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]]
    _field_defaults: ClassVar[dict[str, Any]]
    _otherwise: ClassVar[tuple[Any, ...]]

    def __new__(cls, *values: Any, **named: Any) -> Self:
        """Return a value from *values* in the order of the fields, and from *named* ones.

        Raises:
            TypeError: a field without default is missing, or an argument is unknown or repeated.
        """
        given, fields = len(values), cls._fields
        if named or given != len(fields):
            values += tuple(map(named.pop, fields[given:], cls._otherwise[given:]))
            if named or _MISSING in values or given > len(fields):
                raise TypeError(_complaint(cls, values, named))
        made = _made[cls] = _made.get(cls, 0) + 1
        if made == MANY and "_fields" in cls.__dict__:
            _give_constructor(cls)
        return tuple.__new__(cls, values)

    @classmethod
    def _make(cls, values: Iterable[Any]) -> Self:
        made = tuple.__new__(cls, values)
        if len(made) != len(cls._fields):
            raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
        return made

    def _replace(self, **named: Any) -> Self:
        made = tuple.__new__(type(self), map(named.pop, self._fields, self))
        if named:
            raise TypeError(f"Got unexpected field names: {list(named)!r}")
        return made

    __replace__ = _replace

    def _asdict(self) -> dict[str, Any]:
        return dict(zip(self._fields, self, strict=True))

    def __repr__(self) -> str:
        members = ", ".join(map("{}={!r}".format, self._fields, self))
        return f"{type(self).__name__}({members})"

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)


def _give_constructor(cls: type[_Value]) -> None:
    """Let *cls* make its values as a named tuple does, by a function with a parameter a field."""
    fields = ", ".join(cls._fields)
    source = f"lambda _cls, {fields}: _new(_cls, ({fields},))"
    constructor = eval(source, {"_new": tuple.__new__})  # noqa: S307 - the source is this package's
    constructor.__defaults__ = tuple(value for value in cls._otherwise if value is not _MISSING)
    constructor.__name__ = "__new__"
    constructor.__qualname__ = f"{cls.__qualname__}.__new__"
    cls.__new__ = constructor  # type: ignore[method-assign]


def _complaint(cls: type[_Value], values: tuple[Any, ...], named: Iterable[str]) -> str:
    """Return what is wrong with *values*, filled up, and the *named* ones that are left over."""
    for name in named:
        return f"{cls.__name__}() got an unexpected or repeated argument {name!r}"
    if len(values) > len(cls._fields):
        return f"{cls.__name__}() takes {len(cls._fields)} arguments, got {len(values)}"
    missing = [name for name, value in zip(cls._fields, values, strict=True) if value is _MISSING]
    return f"{cls.__name__}() misses {', '.join(missing)}"


if not TYPE_CHECKING:
    Value = _Value
