"""Tests for lesson 09.

The tests do not need a kernel; tests/kernel checks that real kernels agree.
"""

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location

import pytest

from rawbpf.source.assembler import assemble

LOOKUP = """\
        *(u32 *)(r10 - 4) = 0
        r2 = r10
        r2 += -4
        r1 = hits ll
        call map_lookup_elem
"""

ACCEPTED = {
    "the smallest program": "r0 = 0\n exit",
    "a copy": "r6 = r1\n r0 = r6\n r0 = 1\n exit",
    "the context": "r0 = *(u32 *)(r1 + 0)\n exit",
    "the stack": "*(u64 *)(r10 - 8) = 7\n r0 = *(u64 *)(r10 - 8)\n exit",
    "pointer arithmetic": "r2 = r10\n r2 += -16\n *(u64 *)(r2 + 8) = 1\n r0 = 0\n exit",
    "a value after a NULL check": LOOKUP + "if r0 == 0 goto out\n r0 = *(u64 *)(r0 + 0)\nout: exit",
    "a NULL check with !=": LOOKUP + "if r0 != 0 goto use\n exit\nuse: *(u64 *)(r0 + 0) = 1\n"
    " r0 = 0\n exit",
    "a register preserved across a call": "r6 = r1\n" + LOOKUP + "r0 = *(u32 *)(r6 + 0)\n exit",
    "a branch never taken": "r6 = 1\n if r6 == 1 goto out\n r0 = r9\n exit\nout: r0 = 0\n exit",
    "two paths": "r6 = *(u32 *)(r1 + 0)\n r0 = 0\n if r6 == 4 goto out\n r0 = 1\nout: exit",
}

REJECTED = {
    "no return value": ("exit", 0),
    "a register never written": ("r0 = r3\n exit", 0),
    "a register overwritten by a call": (LOOKUP + "r0 = r2\n exit", 6),
    "a value without a NULL check": (LOOKUP + "r0 = *(u64 *)(r0 + 0)\n exit", 6),
    "arithmetic before the NULL check": (LOOKUP + "r0 += 1\n r0 = 0\n exit", 6),
    "past the end of the value": (
        LOOKUP + "if r0 == 0 goto out\n r0 = *(u64 *)(r0 + 4)\nout: r0 = 0\n exit", 7),
    "before the start of the value": (
        LOOKUP + "if r0 == 0 goto out\n r0 += -8\n r0 = *(u64 *)(r0 + 0)\nout: r0 = 0\n exit", 8),
    "below the stack": ("*(u64 *)(r10 - 520) = 0\n r0 = 0\n exit", 0),
    "above the stack": ("*(u64 *)(r10 + 0) = 0\n r0 = 0\n exit", 0),
    "a number as an address": ("r1 = 4096\n r0 = *(u64 *)(r1 + 0)\n exit", 1),
    "not a map": (LOOKUP.replace("hits ll", "1") + "exit", 4),
    "a return value on one of two paths": (
        "r6 = *(u32 *)(r1 + 0)\n if r6 == 4 goto out\n r0 = 1\nout: exit", 3),
    "an access on the NULL path": (
        LOOKUP + "if r0 != 0 goto out\n r0 = *(u64 *)(r0 + 0)\nout: r0 = 0\n exit", 7),
}  # fmt: skip

KEY_NOT_WRITTEN = "r2 = r10\n r2 += -4\n r1 = hits ll\n call map_lookup_elem\n r0 = 0\n exit"


def text_of(body):
    """Return the text of a .bpf.s file that contains this program."""
    head = ".map hits, hash, key=u32, value=u64, entries=16\n"
    return f'{head}.program case, "socket"\n{body}\n'


def program_of(body):
    """Assemble a program, and map slots to instructions."""
    code = assemble(text_of(body)).programs["case"].code
    return {code.slot_of(index): one for index, one in enumerate(code.instructions)}


@pytest.fixture
def verifier(lesson):
    """Import verifier.py from the folder under test."""
    spec = spec_from_file_location("verifier", lesson / "verifier.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.step(1)
def test_start(verifier):
    state = verifier.start()
    assert {number: known.kind for number, known in state.registers.items()} == {
        1: "context", 10: "stack",
    }  # fmt: skip
    assert not state.stack


@pytest.mark.step(2)
def test_reads_rejects_a_register_never_written(verifier):
    state = verifier.State({1: verifier.Known("context")}, frozenset())
    assert verifier.reads(state, 1, 0).kind == "context"
    with pytest.raises(verifier.RejectedError) as caught:
        verifier.reads(state, 2, 5)
    assert caught.value.slot == 5


@pytest.mark.parametrize(
    ("off", "access", "size", "inside"),
    [
        (0, -8, 8, True),
        (-8, 0, 8, True),
        (-8, 0, 9, False),
        (0, -512, 8, True),
        (0, -513, 1, False),
    ],
)
@pytest.mark.step(3)
def test_check_tests_both_ends_of_an_access(verifier, off, access, size, inside):
    state = verifier.State({2: verifier.Known("stack", off)}, frozenset())
    if inside:
        assert verifier.check(state, 2, access, size, 0).off == off
    else:
        with pytest.raises(verifier.RejectedError):
            verifier.check(state, 2, access, size, 0)


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(verifier, name):
    program = program_of(ACCEPTED[name])
    assert verifier.verify(program) <= 2 * len(program)


@pytest.mark.parametrize("name", REJECTED)
def test_rejected(verifier, name):
    body, slot = REJECTED[name]
    with pytest.raises(verifier.RejectedError) as caught:
        verifier.verify(program_of(body))
    assert caught.value.slot == slot


@pytest.mark.step(4)
def test_the_key_must_be_written(verifier):
    with pytest.raises(verifier.RejectedError) as caught:
        verifier.verify(program_of(KEY_NOT_WRITTEN))
    assert caught.value.slot == 4


@pytest.mark.step(6)
def test_a_state_is_processed_only_once(verifier):
    """Twenty branches result in a million paths unless equal states are recognised."""
    body = "r6 = *(u32 *)(r1 + 0)\n r0 = 0\n"
    body += "".join(f"if r6 == {n} goto L{n}\n r0 = 0\nL{n}: r6 = r0\n r6 = *(u32 *)(r1 + 0)\n"
                    for n in range(20))  # fmt: skip
    program = program_of(body + "exit")
    assert verifier.verify(program) < 4 * len(program)


@pytest.mark.step(6)
def test_a_bounded_loop_is_accepted_and_an_endless_one_rejected(verifier):
    assert (
        verifier.verify(program_of("r6 = 0\nl: r6 += 1\n if r6 != 9 goto l\n r0 = 0\n exit")) < 30
    )
    with pytest.raises(verifier.RejectedError):
        verifier.verify(program_of("r6 = 1\nl: r6 += 1\n if r6 != 0 goto l\n r0 = 0\n exit"))


def test_the_command(lesson, tmp_path):
    file = tmp_path / "case.bpf.s"
    file.write_text(text_of(REJECTED["a value without a NULL check"][0]))
    words = [sys.executable, lesson / "verifier.py", file]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert "case: rejected at 6:" in done.stdout, done.stderr
