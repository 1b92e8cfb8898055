"""Assemble short programs from text, for tests of the interpreter."""

from textwrap import dedent

from rawbpf.machine.machine import Machine
from rawbpf.source.assembler import assemble
from rawbpf.specs.object_spec import ObjectSpec


def spec_of(text: str) -> ObjectSpec:
    """Assemble a text into an object."""
    return assemble(dedent(text), "test.s")


def machine_of(text: str, *, maps: str = "", name: str = "test", **options) -> Machine:
    """Return an interpreter for some instructions. ``maps`` are directives before the program."""
    spec = spec_of(f'{dedent(maps)}\n.program {name}, "kprobe"\n{dedent(text)}')
    data = {name: one.contents for name, one in spec.data.items()}
    return Machine(spec.programs[name].code, spec.all_maps().values(), contents=data, **options)


def run(text: str, **options) -> int:
    """Run some instructions, followed by an exit, and return r0."""
    return machine_of(text + "\n exit", **options).run()
