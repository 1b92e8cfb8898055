"""Corner cases of arithmetic, according to RFC 9669."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.assembled import run

U64 = st.integers(0, (1 << 64) - 1)
MIN64, MIN32 = 1 << 63, 1 << 31
ALL64, ALL32 = (1 << 64) - 1, (1 << 32) - 1

CORNERS = [
    # dst, src, operation, new dst
    (ALL64, 1, "r0 += r1", 0),
    (ALL64, 1, "w0 += w1", 0),
    (0, 1, "r0 -= r1", ALL64),
    (0, 1, "w0 -= w1", ALL32),
    (1 << 32, 1, "w0 += w1", 1),
    (MIN64, 2, "r0 *= r1", 0),
    (0x1_0000_0001, ALL32, "w0 *= w1", ALL32),
    (7, 0, "r0 /= r1", 0),
    (7, 0, "w0 /= w1", 0),
    (ALL64, 1 << 32, "w0 /= w1", 0),
    (7, 0, "r0 %= r1", 7),
    (ALL64, 0, "r0 %= r1", ALL64),
    (ALL64, 0, "w0 %= w1", ALL32),
    (ALL64, 1 << 32, "w0 %= w1", ALL32),
    (7, 0, "r0 s/= r1", 0),
    (ALL64, 0, "w0 s%= w1", ALL32),
    (MIN64, ALL64, "r0 s/= r1", MIN64),
    (MIN64, ALL64, "r0 s%= r1", 0),
    (MIN32, ALL32, "w0 s/= w1", MIN32),
    (MIN32, ALL32, "w0 s%= w1", 0),
    (-13, 3, "r0 s/= r1", -4),
    (-13, 3, "r0 s%= r1", -1),
    (13, -3, "r0 s/= r1", -4),
    (13, -3, "r0 s%= r1", 1),
    (-13, -3, "r0 s/= r1", 4),
    (-13, 3, "r0 /= r1", (ALL64 - 12) // 3),
    (1, 64, "r0 <<= r1", 1),
    (1, 65, "r0 <<= r1", 2),
    (1, 32, "w0 <<= w1", 1),
    (ALL64, 33, "w0 >>= w1", ALL32 >> 1),
    (MIN64, 63, "r0 s>>= r1", ALL64),
    (MIN64, 127, "r0 s>>= r1", ALL64),
    (MIN32, 31, "w0 s>>= w1", ALL32),
    (MIN32, 31, "r0 s>>= r1", 1),
    (MIN64, 0, "r0 = -r0", MIN64),
    (1, 0, "w0 = -w0", ALL32),
    (ALL64, 5, "w0 = w1", 5),
    (0, 0x80, "r0 = (s8)r1", ALL64 - 127),
    (0, 0x80, "w0 = (s8)w1", ALL32 - 127),
    (0, 0x17FFF, "r0 = (s16)r1", 0x7FFF),
    (0, 0x18000, "w0 = (s16)w1", 0xFFFF8000),
    (0, MIN32, "r0 = (s32)r1", 0xFFFFFFFF80000000),
    (0x0123456789ABCDEF, 0, "r0 = be16 r0", 0xEFCD),
    (0x0123456789ABCDEF, 0, "r0 = be32 r0", 0xEFCDAB89),
    (0x0123456789ABCDEF, 0, "r0 = be64 r0", 0xEFCDAB8967452301),
    (0x0123456789ABCDEF, 0, "r0 = le16 r0", 0xCDEF),
    (0x0123456789ABCDEF, 0, "r0 = le32 r0", 0x89ABCDEF),
    (0x0123456789ABCDEF, 0, "r0 = le64 r0", 0x0123456789ABCDEF),
    (0x0123456789ABCDEF, 0, "r0 = bswap16 r0", 0xEFCD),
    (0x0123456789ABCDEF, 0, "r0 = bswap64 r0", 0xEFCDAB8967452301),
    (5, 0, "r0 += -6", ALL64),
    (5, 0, "w0 += -6", ALL32),
    (0, 0, "r0 = -1", ALL64),
    (0, 0, "w0 = -1", ALL32),
    (ALL64, 0, "r0 &= -16", ALL64 - 15),
    (ALL64, 0, "w0 &= -16", ALL32 - 15),
    (6, 0, "r0 /= -1", 0),
    (ALL64, 0, "r0 /= -1", 1),
]


@pytest.mark.parametrize(("dst", "src", "operation", "result"), CORNERS)
def test_corner_case(dst, src, operation, result):
    text = f"r0 = {dst & ALL64} ll\n r1 = {src & ALL64} ll\n {operation}"
    assert run(text) == result & ALL64


@given(U64, U64)
def test_quotient_and_remainder_add_up_to_the_dividend(dst, src):
    for sign in ("", "s"):
        quotient, remainder = (
            run(f"r0 = {dst} ll\n r1 = {src} ll\n r0 {sign}{operation}= r1") for operation in "/%"
        )
        assert (quotient * src + remainder) & ALL64 == dst


@given(U64, st.sampled_from(["be", "bswap"]), st.sampled_from([16, 32, 64]))
def test_swapping_bytes_twice_only_truncates(value, name, bits):
    swap = f"r0 = {name}{bits} r0"
    assert run(f"r0 = {value} ll\n {swap}\n {swap}") == value & (1 << bits) - 1


def test_address_space_cast_is_not_supported():
    from rawbpf.errors import MachineError

    with pytest.raises(
        MachineError, match="addr_space_cast: the interpreter does not support arenas"
    ):
        run("r0 = addr_space_cast(r1, 0, 1)")
