"""Make calls that the kernel has to reject, and check their explanations."""

import pytest

from rawbpf.asm import Builder, r0
from rawbpf.errors import KernelError, VerifierError
from rawbpf.maps.map import Map
from rawbpf.programs.program import load
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.syscall.capset import without_capabilities


def two():
    b = Builder("two")
    b.mov(r0, 0)
    b.exit()
    return b.build()


def program(kind, **more):
    return ProgramSpec("two", kind, two(), **more)


def note(error):
    """Return the explanation of an error, after checking that it is complete."""
    found = error.explanation
    assert found.code, found.sentence
    assert f"[{found.code}]" in str(error)
    assert error.call in found.call
    assert found.change
    return found


def refusal(work):
    with pytest.raises(KernelError) as caught:
        work()
    return note(caught.value)


def map_refusal(spec, **more):
    return refusal(lambda: Map.create(spec, **more).close())


def load_refusal(spec):
    with pytest.raises(KernelError) as caught:
        load(spec, {}).close()
    assert not isinstance(caught.value, VerifierError)
    return note(caught.value)


def held(spec, *lacking):
    """Return the rule code for a load without some capabilities, or "" if it succeeds."""
    try:
        with without_capabilities(("CAP_SYS_ADMIN", *lacking)):
            load(spec, {}).close()
    except KernelError as error:
        return error.explanation.code
    return ""
