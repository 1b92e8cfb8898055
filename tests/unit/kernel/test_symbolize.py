from hypothesis import given
from hypothesis import strategies as st

from rawbpf.kernel.kallsyms import Kallsyms
from rawbpf.kernel.symbolize import Symbolizer

PLACES = Symbolizer(
    Kallsyms(
        b"ffffffff81000100 T second\n"
        b"ffffffff81000000 T first\n"
        b"ffffffff81000000 T alias\n"
        b"ffffffff81000200 D data\n"
        b"ffffffffc0000000 t far\t[mod]\n"
    )
)


def test_an_address_belongs_to_the_last_function_before_it():
    assert str(PLACES(0xFFFFFFFF81000000)) == "first+0x0"
    assert str(PLACES(0xFFFFFFFF810000FF)) == "first+0xff"
    assert str(PLACES(0xFFFFFFFF81000250)) == "second+0x150"
    assert str(PLACES(0xFFFFFFFFC0000004)) == "far+0x4 [mod]"


def test_addresses_before_the_first_and_far_after_the_last_function():
    assert PLACES(0) is None
    assert PLACES(0xFFFFFFFF80FFFFFF) is None
    assert PLACES(0xFFFFFFFF90000000) is None


def test_hidden_addresses():
    zeros = Symbolizer(Kallsyms(b"0000000000000000 T a\n0000000000000000 T b\n"))
    assert zeros(0xFFFFFFFF81000000) is None


@given(st.lists(st.integers(0, 1 << 20), min_size=1, max_size=80), st.integers(0, 1 << 20))
def test_the_nearest_start_counts(addresses, address):
    text = "".join(f"{a:016x} T f{i}\n" for i, a in enumerate(addresses))
    place = Symbolizer(Kallsyms(text.encode()))(address)
    before = [a for a in addresses if 0 <= address - a < 1 << 16]
    assert (place is None) == (not before)
    if place is not None:
        assert place.symbol.address == max(before)
        assert place.symbol.name == f"f{addresses.index(max(before))}"
