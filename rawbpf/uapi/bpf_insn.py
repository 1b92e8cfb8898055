"""The numbers of the instruction set (`bpf_common.h`, `bpf.h`; RFC 9669).

One instruction is eight bytes, least significant first on the machines rawbpf runs on:

    byte   0        1         2    3      4    5    6    7
        +--------+----+----+-------------+---------------------------+
        | opcode |src |dst |     off     |            imm            |
        +--------+----+----+-------------+---------------------------+
           u8     u4   u4       s16                  s32

The 64-bit load of a constant (`BPF_LD | BPF_IMM | BPF_DW`) is sixteen: a second instruction
follows, all zero except its imm, which is the high half.

The low three bits of the opcode are its class, and the class says how to read the others.

    arithmetic and jumps                    loads and stores

      7   6   5   4   3   2   1   0           7   6   5   4   3   2   1   0
    +---+---+---+---+---+---+---+---+       +---+---+---+---+---+---+---+---+
    |   operation   |src|   class   |       |   mode    | size  |   class   |
    +---+---+---+---+---+---+---+---+       +---+---+---+---+---+---+---+---+
                      |
                      0 (K): the other operand is imm
                      1 (X): the other operand is the src register
"""

from __future__ import annotations

# ── class: bits 0-2 ──────────────────────────────────────────────────────────────────────────
BPF_LD = 0x00  # constants, and the packet access inherited from classic BPF
BPF_LDX = 0x01  # memory to register
BPF_ST = 0x02  # imm to memory
BPF_STX = 0x03  # register to memory, and atomics
BPF_ALU = 0x04  # 32-bit arithmetic: the high half of dst becomes zero
BPF_JMP = 0x05  # 64-bit compare and jump, call, exit
BPF_JMP32 = 0x06  # 32-bit compare and jump (Linux 5.1)
BPF_ALU64 = 0x07  # 64-bit arithmetic

# ── source: bit 3 of arithmetic and jumps ────────────────────────────────────────────────────
BPF_K = 0x00
BPF_X = 0x08

# ── operation: bits 4-7 of arithmetic ────────────────────────────────────────────────────────
BPF_ADD = 0x00
BPF_SUB = 0x10
BPF_MUL = 0x20
BPF_DIV = 0x30  # off 0 unsigned, off 1 signed (Linux 6.6)
BPF_OR = 0x40
BPF_AND = 0x50
BPF_LSH = 0x60
BPF_RSH = 0x70
BPF_NEG = 0x80
BPF_MOD = 0x90  # off 0 unsigned, off 1 signed (Linux 6.6)
BPF_XOR = 0xA0
BPF_MOV = 0xB0  # off 0 copies, off 8, 16 or 32 extends the sign (Linux 6.6)
BPF_ARSH = 0xC0
BPF_END = 0xD0  # byte order; imm is the width in bits

# ── what the source bit means to BPF_END ─────────────────────────────────────────────────────
BPF_TO_LE = 0x00
BPF_TO_BE = 0x08

# ── operation: bits 4-7 of jumps ─────────────────────────────────────────────────────────────
BPF_JA = 0x00  # in JMP the distance is off, in JMP32 it is imm (Linux 6.6)
BPF_JEQ = 0x10
BPF_JGT = 0x20
BPF_JGE = 0x30
BPF_JSET = 0x40
BPF_JNE = 0x50
BPF_JSGT = 0x60
BPF_JSGE = 0x70
BPF_CALL = 0x80
BPF_EXIT = 0x90
BPF_JLT = 0xA0  # JLT and its kin below: Linux 4.14
BPF_JLE = 0xB0
BPF_JSLT = 0xC0
BPF_JSLE = 0xD0
BPF_JCOND = 0xE0  # may_goto: the kernel counts, and jumps when the budget is spent (Linux 6.9)

# ── size: bits 3-4 of loads and stores ───────────────────────────────────────────────────────
BPF_W = 0x00  # 4 bytes
BPF_H = 0x08  # 2 bytes
BPF_B = 0x10  # 1 byte
BPF_DW = 0x18  # 8 bytes

# ── mode: bits 5-7 of loads and stores ───────────────────────────────────────────────────────
BPF_IMM = 0x00  # the 64-bit constant, class LD and size DW only
BPF_ABS = 0x20  # packet bytes at imm, class LD
BPF_IND = 0x40  # packet bytes at src + imm, class LD
BPF_MEM = 0x60  # memory at register + off
BPF_MEMSX = 0x80  # the same, extending the sign, class LDX (Linux 6.6)
BPF_ATOMIC = 0xC0  # class STX; imm says which operation

# ── imm of BPF_ATOMIC ────────────────────────────────────────────────────────────────────────
BPF_FETCH = 0x01  # src receives what memory held before (Linux 5.12)
BPF_XCHG = 0xE0 | BPF_FETCH
BPF_CMPXCHG = 0xF0 | BPF_FETCH  # compares with r0, and leaves the old value there
BPF_LOAD_ACQ = 0x100  # Linux 6.15
BPF_STORE_REL = 0x110  # Linux 6.15

# ── src of the 64-bit constant: what imm stands for ──────────────────────────────────────────
BPF_PSEUDO_MAP_FD = 1  # a map's file descriptor; the kernel puts its address there
BPF_PSEUDO_MAP_VALUE = 2  # the same, and the high half is an offset into its only value
BPF_PSEUDO_BTF_ID = 3  # a kernel variable, by its BTF id
BPF_PSEUDO_FUNC = 4  # a function of this program, as a distance: callbacks
BPF_PSEUDO_MAP_IDX = 5  # an index into the fd_array given to BPF_PROG_LOAD (Linux 5.14)
BPF_PSEUDO_MAP_IDX_VALUE = 6

# ── src of BPF_CALL: what imm stands for; 0 is a helper's number ─────────────────────────────
BPF_PSEUDO_CALL = 1  # a function of this program, as a distance
BPF_PSEUDO_KFUNC_CALL = 2  # a kernel function, by its BTF id; off is an index into fd_array

# ── off of BPF_ALU64 | BPF_MOV | BPF_X ───────────────────────────────────────────────────────
BPF_ADDR_SPACE_CAST = 1  # between an arena's addresses and the kernel's (Linux 6.9)

MAX_BPF_REG = 11
BPF_REG_FP = 10  # the frame pointer, read-only
MAX_BPF_STACK = 512
BPF_COMPLEXITY_LIMIT_INSNS = 1_000_000
