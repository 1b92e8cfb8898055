"""Read the BTF of arbitrary ELF files: the result is types or a FormatError."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rawbpf.cli.objects.btf_source import open_btf
from rawbpf.errors import FormatError
from tests.support.clang import compile_object

SOURCE = "struct s { int a; struct s *next; } x;"


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return compile_object(SOURCE, tmp_path_factory.mktemp("elf") / "a.o").read_bytes()


def table(data):
    """Return the range of the section headers, where damage has most effect."""
    return int.from_bytes(data[40:48], "little")


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damaged_headers(sample, tmp_path, data):
    damaged = bytearray(sample)
    places = st.integers(4, 63) | st.integers(table(sample), len(sample) - 1)
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(places)] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]))
    path = tmp_path / "damaged.o"
    path.write_bytes(damaged)
    with suppress(FormatError):
        list(open_btf(str(path)))


@pytest.mark.parametrize("count", [0, 0xFFFF])
@pytest.mark.parametrize("length", [0, 1, 63, 0xFFFF])
def test_section_headers_of_other_lengths(sample, tmp_path, length, count):
    """Set e_shentsize and e_shnum; no value may make the table endless."""
    damaged = bytearray(sample)
    damaged[58:60], damaged[60:62] = length.to_bytes(2, "little"), count.to_bytes(2, "little")
    path = tmp_path / "damaged.o"
    path.write_bytes(damaged)
    with suppress(FormatError):
        list(open_btf(str(path)))
