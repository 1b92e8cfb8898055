"""Repeat mutated recordings against a kernel that checks every pointer and length."""

from contextlib import suppress
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.errors import RawbpfError
from rawbpf.narration.replay import promises, session
from rawbpf.narration.replay.memory import Memory
from rawbpf.narration.replay.session import replay
from rawbpf.narration.tell.json_line import decode
from rawbpf.syscall.gate import replaced
from tests.support.gate_model import BrokenPromiseError, GateModel
from tests.support.sessions import mutate, sessions


@pytest.fixture(scope="module")
def model():
    """A function that repeats lines against a new model, and returns the number of calls made."""
    present = []

    class Watched(Memory):
        def __init__(self, blocks):
            super().__init__(blocks)
            sizes = range(len(blocks))
            present[-1].memory = [(self.address(at), self.size(at)) for at in sizes]

    def run(lines):
        present.append(GateModel())
        with replaced(present[-1]):
            made = sum(1 for _ in replay(map(decode, lines), present[-1].confirm))
        assert present[-1].things == {}, "left open"
        assert present[-1].mapped == {}, "left mapped"
        return made

    def answer(fd, info):
        return present[-1].info_of(fd, info)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "Memory", Watched)
        patch.setattr(promises, "obj_get_info", answer)
        yield run


@pytest.mark.parametrize("number", range(len(sessions())))
def test_an_unchanged_session_is_repeated_whole(model, number):
    lines = sessions()[number]
    assert model(lines) == len(lines)


@given(
    number=st.integers(0, len(sessions()) - 1), seed=st.integers(0, 2**32), times=st.integers(1, 4)
)
def test_no_mutation_makes_the_kernel_use_other_memory(model, number, seed, times):
    lines = mutate(sessions()[number], Random(seed), times)
    with suppress(RawbpfError):
        model(lines)


def test_the_model_notices_a_short_block(model, monkeypatch):
    """Without this, the test above could not fail."""
    lines = [line.replace('"room": 12', '"room": 8') for line in sessions()[0]]
    monkeypatch.setattr(promises.Promises, "_check_size", lambda *_: None)
    with pytest.raises(BrokenPromiseError, match="value"):
        model(lines)
