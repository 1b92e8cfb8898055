"""Short programs from text, for tests of the machine."""

from textwrap import dedent

from rawbpf.machine.machine import Machine
from rawbpf.source.assembler import assemble
from rawbpf.specs.object_spec import ObjectSpec


def spec_of(text: str) -> ObjectSpec:
    """The object that a text describes."""
    return assemble(dedent(text), "test.s")


def machine_of(text: str, *, maps: str = "", name: str = "test", **options) -> Machine:
    """A machine for instructions; ``maps`` are directives before the program."""
    spec = spec_of(f'{dedent(maps)}\n.program {name}, "kprobe"\n{dedent(text)}')
    data = {name: one.contents for name, one in spec.data.items()}
    return Machine(spec.programs[name].code, spec.all_maps().values(), contents=data, **options)


def run(text: str, **options) -> int:
    """r0 of some instructions; the exit is added."""
    return machine_of(text + "\n exit", **options).run()
