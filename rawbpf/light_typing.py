"""Lightweight replacements for ``typing``, for modules that every command imports at start-up.

Importing typing takes 5 ms, and each NamedTuple another 0.1 ms, because every annotation and a
constructor are compiled. In an emulated guest, both take ten times as long, which is a third of the
time from the start of `rawbpf kprobe` until the probe is attached. Type checkers see the names from
typing itself. At run time, this module provides only the features that a running program needs:

    TYPE_CHECKING           False
    NamedTuple              makes the classes that typing makes, and compiles a constructor when it
                            is called for the first time
    Generic, Protocol       ordinary base classes; ``Generic[T]`` is ``Generic``
    TypeVar                 a placeholder

All other names from typing are used only in annotations, so they are imported under
``TYPE_CHECKING``. Modules that are not needed at start-up import typing as usual.

>>> class Point(NamedTuple):
...     x: int
...     y: int = 0
...
...     def __str__(self) -> str:
...         return f"{self.x}/{self.y}"
>>> print(Point(3), Point(3)._replace(y=1))
3/0 3/1
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Generic, NamedTuple, Protocol, TypeVar
else:
    from collections import _tuplegetter  # the descriptor type of a namedtuple's fields

    class _OnDemand:
        """The class signature for ``inspect`` and ``help``, which is created on demand."""

        def __get__(self, _instance, cls):
            from inspect import signature

            made = _constructor(cls._fields, cls._field_defaults)
            made.__annotations__ = cls.__annotations__
            whole = signature(made)
            return whole.replace(parameters=[*whole.parameters.values()][1:])

    class _Named(tuple):
        """Behaviour that all named tuples share."""

        __slots__ = ()
        __signature__ = _OnDemand()

        def __new__(cls, *args, **kwargs):
            owner = next(one for one in cls.__mro__ if "_fields" in vars(one))
            owner.__new__ = _constructor(owner._fields, owner._field_defaults)
            owner.__new__.__qualname__ = f"{owner.__name__}.__new__"
            return owner.__new__(cls, *args, **kwargs)

        @classmethod
        def _make(cls, values):
            made = tuple.__new__(cls, values)
            if len(made) != len(cls._fields):
                raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
            return made

        def _replace(self, **changes):
            made = self._make(map(changes.pop, self._fields, self))
            if changes:
                raise ValueError(f"Got unexpected field names: {list(changes)!r}")
            return made

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            values = ", ".join(map("{}={!r}".format, self._fields, self))
            return f"{type(self).__name__}({values})"

        def __getnewargs__(self):
            return tuple(self)

    def _constructor(fields, defaults):
        """Compile ``__new__`` with a parameter for each field, as collections.namedtuple does."""
        names = "".join(f"{field}, " for field in fields)
        made = eval(f"lambda _cls, {names}: _new(_cls, ({names}))", {"_new": tuple.__new__})
        made.__name__ = "__new__"
        made.__defaults__ = tuple(defaults.values())
        return made

    class _NamedTupleMaker(type):
        """Creates a named tuple class from the annotated names in a class body."""

        def __new__(cls, name, bases, body):
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = tuple(body.setdefault("__annotations__", {}))
            defaults = {field: body[field] for field in fields if field in body}
            if list(defaults) != list(fields[len(fields) - len(defaults) :]):
                raise TypeError(
                    f"{name} has a field without a default after one that has a default"
                )
            body |= {field: _tuplegetter(at, field) for at, field in enumerate(fields)}
            body |= {"__slots__": (), "__match_args__": fields}
            body |= {"_fields": fields, "_field_defaults": defaults}
            return type(name, (_Named,), body)

    class NamedTuple(metaclass=_NamedTupleMaker):
        """The base class of classes whose instances are tuples with named items."""

    class Generic:
        """The base class of generic classes; type parameters do not exist at run time."""

        __slots__ = ()

        def __class_getitem__(cls, _parameters):
            return cls

    class Protocol(Generic):
        """The base class of protocols, which only describe other classes."""

        __slots__ = ()

    class TypeVar:
        """A type parameter."""

        __slots__ = ("__name__",)

        def __init__(self, name, *_constraints, **_options) -> None:
            self.__name__ = name


__all__ = ["TYPE_CHECKING", "Generic", "NamedTuple", "Protocol", "TypeVar"]
