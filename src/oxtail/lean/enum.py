"""Stands in for :mod:`enum`: classes whose members are found by name, by value, and in order."""

# mypy: ignore-errors

from oxtail.lean import from_real, real


def _real_bases(bases):
    """Return *bases* with the real class in the place of the one below."""
    return tuple(real("enum").Enum if base is Enum else base for base in bases)


class _EnumType(type):
    """Turns the names in a class body into members; a class with further bases is a real one."""

    @classmethod
    def __prepare__(cls, name, bases):
        """Return what the body of a class is carried out in."""
        if len(bases) > 1:
            return real("enum").EnumType.__prepare__(name, _real_bases(bases))
        return {}

    def __new__(cls, name, bases, body):
        if len(bases) > 1:
            return real("enum").EnumType(name, _real_bases(bases), body)
        if not bases:
            return type.__new__(cls, name, bases, body)
        values = {
            key: value
            for key, value in body.items()
            if not (key.startswith("_") or hasattr(value, "__get__"))
        }
        members, by_value = {}, {}
        rest = {key: value for key, value in body.items() if key not in values}
        made = type.__new__(cls, name, bases, {**rest, "_members": members, "_by_value": by_value})
        for key, value in values.items():
            member = by_value.get(value)
            if member is None:
                member = by_value[value] = object.__new__(made)
                member._name_, member._value_ = key, value
            members[key] = member
            type.__setattr__(made, key, member)
        return made

    def __call__(cls, value, *names, **settings):
        """Return the member with *value*, or with *names* a class of the real module."""
        if names or settings:
            return real("enum").Enum(value, *names, **settings)
        if isinstance(value, cls):
            return value
        try:
            return cls._by_value[value]
        except (KeyError, TypeError):
            raise ValueError(f"{value!r} is not a valid {cls.__qualname__}") from None

    def __getitem__(cls, name):
        """Return the member called *name*."""
        return cls._members[name]

    def __iter__(cls):
        return iter(cls._by_value.values())

    def __len__(cls):
        return len(cls._by_value)

    def __contains__(cls, value):
        return isinstance(value, cls)

    def __setattr__(cls, name, value):
        if name in cls.__dict__.get("_members", ()):
            raise AttributeError(f"cannot reassign member {name!r}")
        type.__setattr__(cls, name, value)

    @property
    def __members__(cls):
        return dict(cls._members)


class Enum(metaclass=_EnumType):
    """What a set of named values is derived from."""

    @property
    def name(self):
        """How it is called."""
        return self._name_

    @property
    def value(self):
        """What it stands for."""
        return self._value_

    def __repr__(self):
        return f"<{type(self).__name__}.{self._name_}: {self._value_!r}>"

    def __str__(self):
        return f"{type(self).__name__}.{self._name_}"

    def __hash__(self):
        return hash(self._name_)

    def __reduce_ex__(self, _protocol):
        return type(self), (self._value_,)

    def __copy__(self):
        return self

    def __deepcopy__(self, _known):
        return self


def _simple_enum(kind=Enum, **settings):
    """Return what the real one does; it cannot build on the class above."""
    original = real("enum")
    make = original._simple_enum  # noqa: SLF001 - other modules of the standard library use it
    return make(original.Enum if kind is Enum else kind, **settings)


__getattr__ = from_real("enum")
