"""The light NamedTuple makes the same classes as that of typing."""

import copy
import inspect
import pickle
import typing

import pytest

from rawbpf import light_typing
from rawbpf.asm.instruction import Source


def point(base):
    class Point(base):
        """A point."""

        x: int
        label: str = "here"
        far: int = 0

        @property
        def double(self):
            return 2 * self.x

        @classmethod
        def of(cls, text):
            return cls(int(text))

        def __str__(self):
            return f"at {self.x}"

    return Point


LIGHT, REAL = point(light_typing.NamedTuple), point(typing.NamedTuple)


def outcome(expression, cls):
    try:
        return repr(eval(expression, {"Point": cls, "inspect": inspect}))
    except (TypeError, ValueError, AttributeError) as error:
        return type(error), str(error)


@pytest.mark.parametrize(
    "expression",
    [
        "Point(1)",
        "Point(1, far=2)",
        "Point(1, 'there', 3)",
        "Point()",
        "Point(1, 2, 3, 4)",
        "Point(1, other=2)",
        "str(Point(1)), f'{Point(1)}'",
        "Point(3).double, Point.of('4')",
        "Point(1)._replace(far=9)",
        "Point(1)._replace(other=9)",
        "Point(1)._asdict()",
        "Point._make([1, 2, 3])",
        "Point._make([1, 2])",
        "Point._fields, Point._field_defaults, Point.__match_args__",
        "Point(1) == (1, 'here', 0), hash(Point(1)) == hash((1, 'here', 0)), Point(1) < (2,)",
        "Point.__doc__, Point.__name__, Point.__qualname__, Point.__module__, Point.__slots__",
        "Point.__annotations__, issubclass(Point, tuple)",
        "inspect.signature(Point)",
        "[*Point(1)], len(Point(1)), Point(1)[0], Point(1).label",
        "sorted(name for name in dir(Point) if name not in ('__orig_bases__', '__signature__'))",
    ],
)
def test_named_tuples(expression):
    assert outcome(expression, LIGHT) == outcome(expression, REAL)


def test_a_named_tuple_has_no_dict_and_is_immutable():
    one = LIGHT(1)
    with pytest.raises(AttributeError):
        one.other = 1
    with pytest.raises(AttributeError):
        one.x = 2


def test_a_subclass_may_extend_the_constructor():
    class Far(LIGHT):
        def __new__(cls, x):
            return super().__new__(cls, x, far=9)

    assert Far(1) == (1, "here", 9)
    assert type(Far(1)) is Far
    assert type(LIGHT(1)) is LIGHT


def test_a_subclass_may_be_made_before_its_base():
    class Base(light_typing.NamedTuple):
        x: int

    class Sub(Base):
        pass

    assert (Sub(1), type(Sub(1)), type(Base(1))) == ((1,), Sub, Base)


def test_a_field_without_a_default_after_one_with_a_default_is_an_error():
    with pytest.raises(TypeError, match="without a default"):

        class Wrong(light_typing.NamedTuple):
            x: int = 0
            y: int


def test_copies():
    one = Source("x.c", 3)
    assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == one
    assert type(copy.copy(one)) is Source


def test_type_parameters_have_no_effect_at_run_time():
    variable = light_typing.TypeVar("R", bound=int)

    class Box(light_typing.Generic[variable]):
        pass

    class Sized(light_typing.Protocol[variable]):
        pass

    assert Box[int] is Box
    assert issubclass(Sized[int], Sized)
    assert variable.__name__ == "R"
