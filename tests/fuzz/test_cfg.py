"""Build graphs of arbitrary instructions: the result is a graph or an error about a jump."""

from hypothesis import given
from hypothesis import strategies as st

from rawbpf.asm.cfg import control_flow
from rawbpf.asm.disassembler import disassemble
from rawbpf.asm.internal import decode_internal, internal_text
from rawbpf.errors import BytecodeError, DecodeError

SLOTS = st.binary(min_size=8, max_size=8)
JUMPS = st.builds(
    lambda opcode, off: bytes([opcode, 0]) + off.to_bytes(2, "little", signed=True) + bytes(4),
    st.sampled_from([0x05, 0x15, 0x1D, 0x56, 0xE5]),
    st.integers(-6, 6),
)
PROGRAMS = st.lists(JUMPS | SLOTS | st.just(bytes.fromhex("95 00 00 00 00 00 00 00")), max_size=12)


@given(PROGRAMS)
def test_blocks_cover_every_instruction_or_an_error_is_raised(slots):
    try:
        instructions = decode_internal(b"".join(slots))
        blocks = control_flow(instructions)
    except (BytecodeError, DecodeError):
        return
    starts = {block.start for block in blocks}
    covered = [slot for block in blocks for slot in range(block.start, block.end)]
    assert covered == list(range(sum(one.slots for one in instructions)))
    assert all(edge.target in starts for block in blocks for edge in block.edges)
    assert all(block.function in starts for block in blocks)


@given(st.lists(SLOTS, max_size=12))
def test_any_instruction_the_kernel_shows_has_a_text(slots):
    try:
        instructions = decode_internal(b"".join(slots))
    except DecodeError:
        return
    texts, slot = {}, 0
    for one in instructions:
        if (text := internal_text(one)) is not None:
            texts[slot] = text
        slot += one.slots
    rows = disassemble(instructions, texts=texts)
    assert len(rows) == len(instructions)
    assert all(row.text and "\n" not in row.text for row in rows)
