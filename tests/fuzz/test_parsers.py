"""Each parser gives a result or a declared error for its corpus, and for mutations of it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.errors import RawbpfError
from tests.support.parsers import CORPORA, PARSERS, corpus

INPUTS = {name: corpus(name) for name in PARSERS}
NUMBERS = st.sampled_from(
    [0, 1, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 1 << 31, (1 << 32) - 1, 1 << 63, (1 << 64) - 1]
)
LARGEST = 1 << 14
"""Longer inputs take long, and find nothing else."""


@pytest.mark.parametrize(
    ("name", "data"),
    [
        pytest.param(name, data, id=f"{name}-{file}")
        for name in PARSERS
        for file, data in INPUTS[name]
    ],
)
def test_the_corpus(name, data):
    with suppress(RawbpfError):
        PARSERS[name](data)


def test_every_folder_of_the_corpora_has_a_parser():
    assert {folder.name for folder in CORPORA.iterdir()} | {"elf"} == set(PARSERS)


@st.composite
def mutated(draw, inputs):
    """Return an input with some bytes replaced, removed, inserted, or taken from another input."""
    data = bytearray(draw(st.sampled_from(inputs)))[:LARGEST]
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        change = draw(st.integers(0, 5))
        if change == 0:
            size = draw(st.sampled_from([1, 2, 4, 8]))
            number = draw(NUMBERS) & (1 << 8 * size) - 1
            data[at : at + size] = number.to_bytes(size, "little")
        elif change == 1:
            data[at : at + draw(st.integers(1, 16))] = draw(st.binary(max_size=8))
        elif change == 2:
            del data[at:]
        elif change == 3:
            other = draw(st.sampled_from(inputs))
            begin = draw(st.integers(0, len(other)))
            data[at:at] = other[begin : begin + draw(st.integers(1, 64))]
        elif change == 4:
            piece = bytes(data[at : at + draw(st.integers(1, 32))])
            data[at:at] = piece * draw(st.integers(1, 8))
        else:
            digits = draw(
                st.sampled_from([b"9" * 20, b"-1", b"0x", b"\0", b"\x1b[2J", b"\n", b" "])
            )
            data[at:at] = digits
    return bytes(data[: 2 * LARGEST])


@pytest.mark.parametrize("name", PARSERS)
@given(data=st.data())
def test_mutations_of_the_corpus(name, data):
    changed = data.draw(mutated([one for _, one in INPUTS[name]]))
    with suppress(RawbpfError):
        PARSERS[name](changed)
