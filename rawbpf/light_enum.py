"""Lightweight replacements for ``enum``, for modules that are imported at every start.

The constants of bpf(2) include 240 names. enum needs 1 ms to create their members, and ten times as
long in an emulated guest, where `rawbpf kprobe` takes 300 ms from start to attachment. These
classes create a member when it is first used. Type checkers see the classes from enum. At run time,
members behave like those of enum:

- a member is an int or a str, and has a ``name`` and a ``value``
- the class is called with a value, indexed with a name, iterated, and asked with ``in``
- ``__members__`` also has the second names of a value
- flags are combined with ``|``, ``&`` and ``^``, and the result has a name; ``~`` returns an int;
  iterating over a combination yields its members

Enumerations that are not needed at start-up use enum itself.

>>> class level(IntEnum):
...     LOW = 1
...     HIGH = 2
>>> level.HIGH, level(1).name, level["HIGH"] == 2, [one.value for one in level], 3 in level
(<level.HIGH: 2>, 'LOW', True, [1, 2], False)
"""

from __future__ import annotations

from rawbpf.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from enum import IntEnum, IntFlag, StrEnum
else:

    class _Members(type):
        """Stores the values in a class body, and creates members on first use."""

        def __new__(cls, name, bases, body):
            values = {
                key: body.pop(key)
                for key in list(body)
                if not key.startswith("__") and isinstance(body[key], int | str)
            }
            # Names are visited in reverse order, so that a value with two names gets the first
            # name.
            names = {value: key for key, value in reversed(values.items())}
            body |= {"_values": values, "_names": names, "_made": {}}
            return super().__new__(cls, name, bases, body)

        def __getattr__(cls, name):
            try:
                value = cls._values[name]
            except KeyError:
                raise AttributeError(name) from None
            first = cls._names[value]
            # Two threads may reach this point at the same time, but they must get the same member.
            member = cls._made.setdefault(first, cls._member(first, value))
            setattr(cls, name, member)  # stored so that later lookups do not call this function
            return member

        def _member(cls, name, value):
            member = cls.__new__(cls, value)
            member.name = name
            member.value = value
            return member

        def __call__(cls, value):
            name = cls._names.get(value)
            return cls._missing(value) if name is None else getattr(cls, name)

        def _missing(cls, value):
            raise ValueError(f"{value!r} is not a valid {cls.__qualname__}")

        @property
        def __members__(cls):
            return {name: getattr(cls, name) for name in cls._values}

        def __getitem__(cls, name):
            if name not in cls._values:
                raise KeyError(name)
            return getattr(cls, name)

        def __iter__(cls):
            return iter(dict.fromkeys(cls.__members__.values()))

        def __len__(cls):
            return len(cls._names)

        def __contains__(cls, value):
            return value in cls._names

        def __dir__(cls):
            return [*super().__dir__(), *cls._values]

    class _Flags(_Members):
        """The same for flags, in which any combination of members is valid."""

        def _missing(cls, value):
            names = [one.name for one in cls if one.value & value]
            unknown = value & ~sum(cls._names)
            if unknown and names:
                names.append(str(unknown))
            return cls._member("|".join(names) or None, value)

    class _Member:
        """Behaviour that the members of all enumerations share."""

        __slots__ = ()

        def __repr__(self):
            name = type(self).__name__ + ("" if self.name is None else f".{self.name}")
            return f"<{name}: {self.value!r}>"

        def __reduce_ex__(self, _protocol):
            return type(self), (self.value,)

    class IntEnum(_Member, int, metaclass=_Members):
        """The base class of enumerations whose values are numbers."""

        __str__ = int.__repr__

    class StrEnum(_Member, str, metaclass=_Members):
        """The base class of enumerations whose values are texts."""

        __str__ = str.__str__

    class IntFlag(_Member, int, metaclass=_Flags):
        """The base class of enumerations whose values are bits."""

        __str__ = int.__repr__

        def __or__(self, other):
            return type(self)(int.__or__(self, other))

        def __and__(self, other):
            return type(self)(int.__and__(self, other))

        def __xor__(self, other):
            return type(self)(int.__xor__(self, other))

        def __iter__(self):
            return (one for one in type(self) if one.value & self.value)

        __ror__, __rand__, __rxor__ = __or__, __and__, __xor__


__all__ = ["IntEnum", "IntFlag", "StrEnum"]
