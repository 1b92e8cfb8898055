"""Mistakes in lesson 06."""

from tests.support.lesson_mutant import Mutant

DECODE = "test_decode"
ENCODE = "test_encode"
INSTRUCTIONS = "test_instructions_maps_slots_to_instructions"
TEXT = "test_disassembly_matches_rawbpf"
SUM = "test_the_sum"
SIGN = "test_imm_is_sign_extended"
JUMPS = "test_comparisons_use_all_64_bits"
WIDE = "test_a_64_bit_constant_takes_two_slots"
LIMIT = "test_the_limit_counts_instructions"

MUTANTS = [
    Mutant('struct.unpack("<BBhi"', 'struct.unpack(">BBhi"', DECODE),
    Mutant('struct.unpack("<BBhi"', 'struct.unpack("<BBHi"', DECODE),
    Mutant('struct.unpack("<BBhi"', 'struct.unpack("<BBhI"', DECODE),
    Mutant("registers & 0x0F, registers >> 4", "registers >> 4, registers & 0x0F", DECODE),
    Mutant("registers & 0x0F, registers >> 4", "registers & 0x07, registers >> 4", DECODE),
    Mutant('struct.pack("<BBhi"', 'struct.pack(">BBhi"', ENCODE),
    Mutant("src << 4 | dst", "dst << 4 | src", ENCODE),
    Mutant("src << 4 | dst", "src | dst", ENCODE),
    Mutant(
        'struct.pack("<BBhi", opcode, src << 4 | dst, off, imm)',
        'struct.pack("<BBHi", opcode, src << 4 | dst, off & 0xFFFF, imm)',
        "test_a_value_too_large_for_its_field_is_an_error",
        "DID NOT RAISE",
    ),
    Mutant("high << 32 | one.imm & 0xFFFF_FFFF", "high << 32 | one.imm", INSTRUCTIONS),
    Mutant("high << 32 | one.imm & 0xFFFF_FFFF", "one.imm", INSTRUCTIONS),
    Mutant("high << 32 | one.imm", "high & 0xFFFF_FFFF | one.imm << 32", INSTRUCTIONS),
    Mutant("            width = 2", "            width = 1", INSTRUCTIONS),
    Mutant("found[slot] = one", "found[len(found)] = one", INSTRUCTIONS),
    Mutant("found[slot] = one", "found[slot * SLOT] = one", INSTRUCTIONS),
    Mutant('f"goto {off:+}"', 'f"goto {off}"', TEXT),
    Mutant("{other} goto {off:+}", "{other} goto {imm:+}", TEXT),
    Mutant("{imm & ALL:#x} ll", "{imm} ll", TEXT),
    Mutant("{imm & ALL:#x} ll", "{imm & ALL:#x}", TEXT),
    Mutant('f"r{src}" if opcode & X else str(imm)', 'str(imm) if opcode & X else f"r{src}"', TEXT),
    Mutant('f"r{src}" if opcode & X', 'f"r{dst}" if opcode & X', TEXT),
    Mutant("{CONDITIONS[operation]}", "{ARITHMETIC[operation]}", TEXT),
    Mutant("else one.imm) & ALL", "else one.imm & 0xFFFF_FFFF) & ALL", SIGN, "sign-extend"),
    Mutant("else one.imm) & ALL", "else one.imm)", JUMPS),
    Mutant("registers[one.dst] = one.imm & ALL", "registers[one.dst] = one.imm", WIDE),
    Mutant("slot += 2 if one.opcode == WIDE else 1", "slot += 1", WIDE),
    Mutant("slot += one.off", "slot += one.off - 1", SUM),
    Mutant("slot += one.off", "slot = one.off", SUM),
    Mutant("return registers[0]", "return registers[1]", SUM),
    Mutant("registers[one.src] if", "registers[one.dst] if", SUM),
    Mutant("for _ in range(limit)", "for _ in range(limit - 1)", LIMIT, "404 instructions"),
    Mutant("for _ in range(limit)", "for _ in range(limit + 1)", LIMIT, "403 instructions"),
    Mutant("raise TimeoutError(f", "raise ValueError(f", "test_an_endless_program_is_stopped"),
]
