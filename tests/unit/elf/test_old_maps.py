"""Map definitions in the form that libbpf 1.0 dropped (struct bpf_map_def)."""

import pytest

from rawbpf.elf.object import open_object
from rawbpf.errors import FormatError, UnsupportedError
from rawbpf.specs.map_spec import MapSpec
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type
from tests.support.clang import compile_object

TEXT = """
#define SEC(name) __attribute__((section(name), used))
struct {{ unsigned int numbers[{count}]; }} hits SEC("{section}") = {{{{ {numbers} }}}};
static void *(*lookup)(void *map, const void *key) = (void *)1;
SEC("xdp") int count(void *ctx) {{ int key = 0; return lookup(&hits, &key) != 0; }}
"""


def read(tmp_path, numbers, section="maps"):
    text = TEXT.format(section=section, count=numbers.count(",") + 1, numbers=numbers)
    return open_object(compile_object(text, tmp_path / "a.o").read_bytes())


@pytest.mark.parametrize("section", ["maps", "lirc_mode2/maps"])
def test_five_numbers_define_a_map(tmp_path, section):
    spec = read(tmp_path, "1, 4, 8, 16, 1, 0, 0", section)
    hash_type, flag = bpf_map_type.BPF_MAP_TYPE_HASH, bpf_map_flags.BPF_F_NO_PREALLOC
    assert spec.maps == {"hits": MapSpec("hits", hash_type, 4, 8, 16, flag)}
    (reference,) = spec.programs["count"].code.references.values()
    assert (reference.kind, reference.name) == ("map", "hits")
    assert spec.remarks == (
        "map 'hits' is defined in the form that libbpf 1.0 dropped, so its types are unknown",
    )


@pytest.mark.parametrize(
    ("numbers", "error", "said"),
    [
        ("1, 4, 8, 16", FormatError, "is at least 20 bytes long, but this definition has 16"),
        ("999, 4, 8, 16, 0", FormatError, "unknown map type 999"),
        ("1, 4, 8, 16, 0, 3", UnsupportedError, "longer than the five numbers"),
    ],
)
def test_invalid_definitions(tmp_path, numbers, error, said):
    with pytest.raises(error, match=said):
        read(tmp_path, numbers)
