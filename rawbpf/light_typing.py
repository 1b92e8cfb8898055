"""Stand-ins for names of ``typing``, for the modules that every start of a command imports.

Importing typing takes 5 ms, and each NamedTuple another 0.1 ms, because typing compiles every
annotation. In an emulated guest, both take ten times as long: a third of the time between starting
`rawbpf kprobe` and the attached probe. Type checkers read the names from typing itself. At run
time, this module provides only what a running program needs:

    TYPE_CHECKING           False
    NamedTuple              the class that collections.namedtuple makes, with the body's methods
    Generic, Protocol       ordinary base classes; ``Generic[T]`` is ``Generic``
    TypeVar                 a placeholder

All other names of typing are used in annotations only, and are imported under ``TYPE_CHECKING``.
Modules that no command needs to start import typing as usual.

>>> class Point(NamedTuple):
...     x: int
...     y: int = 0
...
...     def __str__(self) -> str:
...         return f"{self.x}/{self.y}"
>>> print(Point(3)), Point(3)
3/0
(None, Point(x=3, y=0))
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Generic, NamedTuple, Protocol, TypeVar
else:
    from collections import namedtuple

    class _NamedTupleMaker(type):
        """Makes a named tuple of the annotated names in the body of a class statement."""

        def __new__(cls, name, bases, body):
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = body.pop("__annotations__", {})
            defaults = [body.pop(field) for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults, module=body.pop("__module__"))
            made.__annotations__ = made.__new__.__annotations__ = fields
            for key, value in body.items():
                setattr(made, key, value)
            return made

    class NamedTuple(metaclass=_NamedTupleMaker):
        """The base of classes whose instances are tuples with named items."""

    class Generic:
        """The base of classes with type parameters, which do not exist at run time."""

        __slots__ = ()

        def __class_getitem__(cls, _parameters):
            return cls

    class Protocol(Generic):
        """The base of classes that only describe other classes."""

        __slots__ = ()

    class TypeVar:
        """A type parameter."""

        __slots__ = ("__name__",)

        def __init__(self, name, *_constraints, **_options):
            self.__name__ = name


__all__ = ["TYPE_CHECKING", "Generic", "NamedTuple", "Protocol", "TypeVar"]
