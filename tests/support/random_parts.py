"""Parts of random programs, with many boundary values: the limits of each width, 0 and -1."""

from random import Random

from rawbpf.asm import r0, r1, r2, r3, r4, r5, r8, r9, r10, w0
from tests.support.random_program import (
    KEY,
    MEMORY,
    NARROW,
    NUMBERS,
    VALUE,
    Branch,
    Call,
    Group,
    Loop,
    Recipe,
    revived,
)  # fmt: skip

EDGES = [
    0,
    1,
    2,
    7,
    *((1 << bits) + step for bits in (7, 8, 15, 16, 31, 32, 63) for step in (-1, 0, 1)),
]
TWO_OPERANDS = [
    "add",
    "sub",
    "mul",
    "div",
    "mod",
    "and_",
    "or_",
    "xor",
    "lsh",
    "rsh",
    "arsh",
    "mov",
]
CONDITIONS = ["jeq", "jne", "jgt", "jge", "jlt", "jle", "jsgt", "jsge", "jslt", "jsle", "jset"]
SIZES = {"b": 1, "h": 2, "w": 4, "dw": 8}
STACK_WINDOW, MEMORY_WINDOW = 32, 64
KEYS = 5
ARGUMENTS = (r1, r2, r3, r4, r5)


class Parts:
    """Generates parts. ``features`` are kernel features beyond Linux 5.8; see `FEATURES`."""

    def __init__(self, random: Random, features: frozenset[str]) -> None:
        self.random, self.features = random, features
        self.kinds = [
            (10, self.two_registers), (6, self.with_number), (4, self.edges), (2, self.negate),
            (2, self.byte_order), (2, self.constant), (4, self.load), (3, self.store),
            (2, self.store_number), (3, self.indirect), (2, self.add_atomically),
            (3, self.branch), (1, self.loop), (1, self.call), (1, self.table),
            *self.kinds_of_newer_kernels(),
        ]  # fmt: skip

    def kinds_of_newer_kernels(self):
        if "fetch" in self.features:
            yield 4, self.fetch
        if "v4" in self.features:
            yield from ((4, self.signed), (2, self.extend), (2, self.swap), (2, self.load_signed))
        if "ordered" in self.features:
            yield 2, self.ordered

    def recipe(self) -> Recipe:
        count = self.random.randint(4, 16)
        value = b"".join(self.number().to_bytes(8, "little") for _ in range(VALUE.value_size // 8))
        return Recipe(self.parts(count), value)

    def parts(self, count, depth=0):
        return tuple(self.part(depth) for _ in range(count))

    def part(self, depth):
        weights, kinds = zip(*self.kinds, strict=True)
        (kind,) = self.random.choices(kinds, weights)
        nested = kind.__name__ in ("branch", "loop", "call")
        if nested and depth == 2:
            return self.two_registers()
        return kind(depth) if nested else kind()

    # ── numbers and operands ──

    def number(self):
        """Return an unsigned 64-bit number."""
        kind = self.random.random()
        if kind < 0.6:
            return self.random.choice(EDGES) * self.random.choice((1, 1, -1)) & (1 << 64) - 1
        return self.random.getrandbits(64 if kind < 0.8 else self.random.choice((4, 16, 33)))

    def immediate(self):
        """Return a signed 32-bit number."""
        low = self.number() & (1 << 32) - 1
        return low - (1 << 32) if low >> 31 else low

    def pair(self):
        """Return two registers of the same width."""
        registers = self.random.choice((NUMBERS, NARROW))
        return self.random.choice(registers), self.random.choice(registers)

    def wide(self):
        return self.random.choice(NUMBERS)

    def size(self):
        return self.random.choice(list(SIZES))

    def place(self, size):
        """Return a place on the stack, aligned, or in the map value, at any offset."""
        if self.random.random() < 0.5:
            return r10[-STACK_WINDOW + size * self.random.randrange(STACK_WINDOW // size)]
        return r9[MEMORY + self.random.randrange(MEMORY_WINDOW - size + 1)]

    def aligned_place(self, size):
        base, start = self.random.choice(((r10, -STACK_WINDOW), (r9, MEMORY)))
        return base[start + size * self.random.randrange(STACK_WINDOW // size)]

    # ── arithmetic ──

    def two_registers(self):
        return (self.random.choice(TWO_OPERANDS), *self.pair())

    def with_number(self):
        operation, dst, number = self.random.choice(TWO_OPERANDS), self.pair()[0], self.immediate()
        if operation in ("lsh", "rsh", "arsh"):
            number %= dst.bits
        elif operation in ("div", "mod") and number == 0:
            number = 1  # the verifier rejects a division by a constant zero
        return (operation, dst, number)

    def edges(self):
        """Apply an operation to two boundary values."""
        dst, src = self.random.sample(NUMBERS, 2)
        names = [*TWO_OPERANDS, *(("sdiv", "smod") * 3 if "v4" in self.features else ())]
        narrow = self.random.random() < 0.5
        operands = (NARROW[dst.number], NARROW[src.number]) if narrow else (dst, src)
        operation = (self.random.choice(names), *operands)
        return Group((("lddw", dst, self.number()), ("lddw", src, self.number()), operation))

    def negate(self):
        return ("neg", self.pair()[0])

    def byte_order(self):
        return (self.random.choice(("be", "le")), self.wide(), self.random.choice((16, 32, 64)))

    def constant(self):
        return ("lddw", self.wide(), self.number())

    def signed(self):
        operation = self.random.choice(("sdiv", "smod"))
        if self.random.random() < 0.5:
            return (operation, *self.pair())
        return (operation, self.pair()[0], self.immediate() or -1)

    def extend(self):
        width = self.random.choice((8, 16, 32))
        dst, src = self.pair() if width < 32 else (self.wide(), self.wide())
        return (f"movsx{width}", dst, src)

    def swap(self):
        return ("bswap", self.wide(), self.random.choice((16, 32, 64)))

    # ── memory ──

    def load(self):
        size = self.size()
        return (f"ldx{size}", self.wide(), self.place(SIZES[size]))

    def load_signed(self):
        size = self.random.choice("bhw")
        return (f"ldxs{size}", self.wide(), self.place(SIZES[size]))

    def store(self):
        size = self.size()
        return (f"stx{size}", self.place(SIZES[size]), self.wide())

    def store_number(self):
        size = self.size()
        return (f"st{size}", self.place(SIZES[size]), self.immediate())

    def indirect(self):
        """Return an access whose address is known only at run time."""
        size = self.size()
        mask = MEMORY_WINDOW - 1 & ~(SIZES[size] - 1)
        find = (("mov", r8, self.wide()), ("and_", r8, mask), ("add", r8, r9))
        access = self.random.choice(
            [(f"ldx{size}", self.wide(), r8[MEMORY]), (f"stx{size}", r8[MEMORY], self.wide())]
        )
        return Group((*find, access))

    def add_atomically(self):
        src = self.pair()[0]
        return ("atomic_add", self.aligned_place(src.bits // 8), src)

    def fetch(self):
        names = ["or", "and", "xor", "fetch_add", "fetch_or", "fetch_and", "fetch_xor"]
        name = self.random.choice([*(f"atomic_{name}" for name in names), "xchg", "cmpxchg"])
        src = self.pair()[0]
        return (name, self.aligned_place(src.bits // 8), src)

    def ordered(self):
        bits = self.random.choice((8, 16, 32, 64))
        place = self.aligned_place(bits // 8)
        if self.random.random() < 0.5:
            return ("load_acquire", self.wide(), place, bits)
        return ("store_release", place, self.wide(), bits)

    # ── flow ──

    def branch(self, depth):
        dst, src = self.pair()
        other = src if self.random.random() < 0.5 else self.immediate()
        condition = (self.random.choice(CONDITIONS), dst, other)
        then, otherwise = (self.parts(self.random.randint(0, 3), depth + 1) for _ in range(2))
        leap = "gotol" if "v4" in self.features and self.random.random() < 0.3 else "ja"
        return Branch(condition, then, otherwise, leap)

    def loop(self, _depth):
        return Loop(self.random.randint(1, 3), self.parts(self.random.randint(1, 3), depth=2))

    def call(self, depth):
        return Call(self.parts(self.random.randint(1, 5), depth + 1))

    def table(self):
        """Look up, set or delete a key in a hash."""
        name = self.random.choice(("map_lookup_elem", "map_update_elem", "map_delete_elem"))
        prepare = [("stw", r10[KEY], self.random.randrange(KEYS)), ("ld_map_fd", r1, "table")]
        prepare += [("mov", r2, r10), ("add", r2, KEY)]
        if name == "map_update_elem":
            start = -STACK_WINDOW + 8 * self.random.randrange(4)
            prepare += [("mov", r3, r10), ("add", r3, start), ("mov", r4, self.random.randrange(3))]
        # Before 6.4 these helpers return an int, and the upper half of r0 is undefined
        # (d7ba4cc900bf, "bpf: return long from bpf_map_ops funcs").
        result = (("mov", w0, w0),)
        if name == "map_lookup_elem":
            result = (Branch(("jne", r0, 0), (("ldxdw", r0, r0[0]),), (("mov", r0, -1),)),)
        return Group((*prepare, ("call", name), *result, *revived()))


FEATURES = {
    "fetch": [("atomic_fetch_add", r10[-8], r1)],
    "v4": [("movsx8", r1, r1)],
    "ordered": [("load_acquire", r1, r10[-8], 64)],
}
"""Parts that need a kernel feature, by feature."""
