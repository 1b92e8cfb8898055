"""Helpers of the interpreter: what tests/kernel does not compare with the kernel."""

import errno

import pytest

from rawbpf.errors import MachineError
from rawbpf.machine.helpers.printing import format_text
from rawbpf.machine.helpers.table import TABLE
from rawbpf.machine.inputs import Context, Given, World, kprobe, raw
from rawbpf.machine.maps.base import OutputRecord
from rawbpf.machine.memory import Memory
from rawbpf.uapi.bpf_insn import HELPER_NAMES
from tests.support.assembled import machine_of, run

RING = ".map ring, ringbuf, entries=4096"
EVENTS = ".map events, perf_event_array, entries=2"


def errno_of(result):
    return errno.errorcode[(1 << 64) - result]


def test_the_table_uses_the_kernels_names():
    assert len(TABLE) == 40
    for number, implementation in TABLE.items():
        assert HELPER_NAMES[number] == implementation.name


def test_answers_from_the_world():
    world = World(pid=7, tgid=6, uid=5, gid=4, cpu=1, time=100, tick=10, task=0xABC)
    assert run("call get_current_pid_tgid", world=world) == 6 << 32 | 7
    assert run("call get_current_uid_gid", world=world) == 4 << 32 | 5
    assert run("call get_smp_processor_id", world=world) == 1
    assert run("call get_numa_node_id", world=world) == 0
    assert run("call get_current_task", world=world) == 0xABC
    assert run("call ktime_get_ns\n r6 = r0\n call ktime_get_boot_ns\n r0 -= r6", world=world) == 10


def test_random_numbers_depend_on_the_seed():
    text = "call get_prandom_u32\n r6 = r0\n r6 <<= 32\n call get_prandom_u32\n r0 |= r6"
    assert run(text) == run(text)
    assert run(text) != run(text, world=World(seed=2))


@pytest.mark.parametrize(
    ("comm", "size", "text"),
    [
        ("cat", 16, b"cat" + bytes(13)),
        ("a" * 20, 16, b"a" * 15 + b"\0"),
        ("cat", 3, b"ca\0"),
        ("\udcff", 2, b"\xff\0"),  # invalid UTF-8, as from a command line
    ],
)
def test_comm(comm, size, text):
    machine = machine_of(
        f"r1 = r10\n r1 += -16\n r2 = {size}\n call get_current_comm\n exit",
        world=World(comm=comm),
    )
    assert machine.run() == 0
    assert bytes(machine.frames.stack(0).data[496 : 496 + size]) == text
    assert errno_of(run("r1 = r10\n r2 = 0\n call get_current_comm")) == "EINVAL"


READ = """
    r6 = r1
    r1 = r10
    r1 += -16
    r2 = {size}
    r3 = *(u64 *)(r6 + 112)
    call {helper}
    r1 = *(u64 *)(r10 - 16)
    exit
"""


@pytest.mark.parametrize("helper", ["probe_read", "probe_read_kernel", "probe_read_user"])
def test_probe_read(helper):
    machine = machine_of(READ.format(helper=helper, size=8))
    assert machine.run(kprobe(b"/etc/passwd")) == 0
    assert machine.registers[1] == int.from_bytes(b"/etc/pas", "little")
    assert errno_of(machine.run(kprobe(0xFFFF_8880_0000_0000))) == "EFAULT"
    assert machine.registers[1] == 0
    assert errno_of(machine.run(kprobe(b"short"))) == "EFAULT"


@pytest.mark.parametrize("helper", ["probe_read_str", "probe_read_kernel_str"])
@pytest.mark.parametrize(
    ("text", "size", "copied", "length"),
    [
        (b"abc", 8, b"abc\0", 4),
        (b"abcdefgh", 8, b"abcdefg\0", 8),
        (b"abcdefg", 8, b"abcdefg\0", 8),
        (b"", 8, b"\0", 1),
        (b"abc", 1, b"\0", 1),
    ],
)
def test_probe_read_str(helper, text, size, copied, length):
    machine = machine_of(READ.format(helper=helper, size=size))
    assert machine.run(kprobe(text)) == length
    assert machine.registers[1].to_bytes(8, "little")[: len(copied)] == copied


def test_probe_read_str_into_an_empty_buffer():
    machine = machine_of(READ.format(helper="probe_read_str", size=8))
    assert errno_of(machine.run(kprobe(4096 * 9))) == "EFAULT"
    unterminated = Context(kprobe(0x1000_0000).data, given=(Given(0x1000_0000, b"abc"),))
    assert errno_of(machine.run(unterminated)) == "EFAULT"
    assert machine.registers[1] == 0
    zero = machine_of(READ.format(helper="probe_read_str", size=0))
    assert zero.run(kprobe(b"abc")) == 0


def test_perf_event_output():
    output = """
        r6 = r1
        *(u32 *)(r10 - 4) = 0x61626364
        r1 = r6
        r2 = events ll
        r3 = 0xffffffff ll
        r4 = r10
        r4 += -4
        r5 = 4
        call perf_event_output
        exit
    """
    machine = machine_of(output, maps=EVENTS, world=World(cpu=1))
    assert machine.run() == 0
    assert machine.maps["events"].records == [OutputRecord(1, b"dcba")]
    with pytest.raises(MachineError, match="bpf_perf_event_output this argument must be the cont"):
        machine_of(output.replace("r1 = r6", "r1 = r10"), maps=EVENTS).run()
    with pytest.raises(MachineError, match="the map has type ringbuf, not perf_event_array"):
        machine_of(output.replace("events", "ring"), maps=RING).run()
    with pytest.raises(MachineError, match=r"bpf_perf_event_output reads 8 bytes at .* beyond"):
        machine_of(output.replace("r5 = 4", "r5 = 8"), maps=EVENTS).run()


RESERVE = "r1 = ring ll\n r2 = 8\n r3 = 0\n call ringbuf_reserve\n r6 = r0\n"


def test_ringbuf():
    machine = machine_of(
        RESERVE + "*(u64 *)(r6 + 0) = 5\n r1 = r6\n r2 = 0\n call ringbuf_submit\n r0 = 0\n exit",
        maps=RING,
    )
    assert machine.run() == 0
    assert machine.run() == 0
    assert machine.maps["ring"].records == [OutputRecord(0, (5).to_bytes(8, "little"))] * 2


def test_a_reserved_record_must_be_released():
    with pytest.raises(MachineError, match="of 'ring' was reserved, but neither submitted nor d"):
        run(RESERVE, maps=RING)


def test_a_submitted_record_is_inaccessible():
    submit = RESERVE + "r1 = r6\n r2 = 0\n call ringbuf_submit\n"
    with pytest.raises(MachineError, match="this address does not refer to any memory"):
        run(submit + "*(u64 *)(r6 + 0) = 5", maps=RING)
    with pytest.raises(MachineError, match="not the address of a reserved record"):
        run(submit + "r1 = r6\n r2 = 0\n call ringbuf_submit", maps=RING)
    with pytest.raises(MachineError, match="r0 is read before it is written"):
        run(submit, maps=RING)  # the helper has no return value


def test_ring_buffer_helpers_require_a_ring_buffer():
    with pytest.raises(
        MachineError, match="'events' passed to a ring buffer helper: the map has type"
    ):
        run(RESERVE.replace("ring ll", "events ll"), maps=EVENTS)


STACKS = ".map stacks, stack_trace, key=u32, value=16, entries=64"


def test_stackid():
    text = "r2 = stacks ll\n r3 = {flags}\n call get_stackid"
    world = World(kernel_stack=(1, 2, 3), user_stack=(9,))
    kernel = machine_of(text.format(flags=1) + "\n exit", maps=STACKS, world=world)
    number = kernel.run()
    ((key, (stack,)),) = kernel.maps["stacks"].entries()
    assert int.from_bytes(key, "little") == number
    assert stack == (2).to_bytes(8, "little") + (3).to_bytes(8, "little")
    assert errno_of(run(text.format(flags=3), maps=STACKS, world=world)) == "EFAULT"
    assert run(text.format(flags=256), maps=STACKS, world=world) < 64
    with pytest.raises(MachineError, match="the map has type ringbuf, not stack_trace"):
        run("r2 = ring ll\n r3 = 0\n call get_stackid", maps=RING)


def test_get_stack():
    text = "r2 = r10\n r2 += -16\n r3 = {size}\n r4 = 0\n call get_stack\n"
    world = World(kernel_stack=(7, 8, 9))
    assert run(text.format(size=16), world=world) == 16
    assert run(text.format(size=16) + "r0 = *(u64 *)(r10 - 8)", world=world) == 8
    assert errno_of(run(text.format(size=15), world=world)) == "EINVAL"
    assert errno_of(run(text.format(size=16))) == "EFAULT"


def printk(text, *arguments):
    lines = [f"r{number} = {value} ll" for number, value in enumerate(arguments, 3)]
    return machine_of(
        "\n".join(["r1 = text ll", f"r2 = {len(text) + 1}", *lines, "call trace_printk", "exit"]),
        maps=f'.rodata\n text: .asciz "{text}"',
    )


def test_trace_printk():
    machine = printk("pid %d: %x", -1, 255)
    assert machine.run() == len("pid -1: ff")
    assert machine.printed == ["pid -1: ff"]
    with pytest.raises(MachineError, match="r4 is read before it is written"):
        printk("%d %d", 1).run()
    assert errno_of(printk("%d %d %d %d", 1, 2, 3).run()) == "EINVAL"


def test_trace_vprintk():
    machine = machine_of(
        """
        r1 = text ll
        r2 = 6
        *(u64 *)(r10 - 16) = 7
        *(u64 *)(r10 - 8) = 8
        r3 = r10
        r3 += -16
        r4 = 16
        call trace_vprintk
        exit""",
        maps='.rodata\n text: .asciz "%d+%d"',
    )
    assert machine.run() == 3
    assert machine.printed == ["7+8"]


@pytest.mark.parametrize(
    ("form", "values", "text"),
    [
        (b"%s|%5s|\0", ["text", "text"], "hello|hello|"),
        (b"%c%c\0", [65, 66], "AB"),
        (b"%p\0", [255], "00000000000000ff"),
        (b"%pks %pus\0", ["text", "text"], "hello hello"),
        (b"no end", [], -errno.EINVAL),
        (b"\x01\0", [], -errno.EINVAL),
        (b"%q\0", [1], -errno.EINVAL),
        (b"%\0", [1], -errno.EINVAL),
        (b"%s\0", [0], ""),
    ],
)
def test_format(form, values, text):
    memory = Memory()
    memory.add_at(0x1000_0000, bytearray(b"hello\0"), "text")
    values = [0x1000_0000 if value == "text" else value for value in values]
    assert format_text(memory, form, values) == text


def test_strncmp():
    text = "r1 = one ll\n r2 = {size}\n r3 = other ll\n call strncmp"
    maps = '.rodata\n one: .asciz "abc"\n other: .asciz "abd"'
    assert run(text.format(size=2), maps=maps) == 0
    assert run(text.format(size=3), maps=maps) == (1 << 64) - 1
    assert run(text.replace("one", "x").replace("other", "one").replace("x", "other").format(
        size=3), maps=maps) == 1  # fmt: skip


@pytest.mark.parametrize(
    ("number", "what"),
    [
        (86, "calls bpf_sk_release: the interpreter does not implement this helper"),
        (5000, "calls helper 5000: the kernel has no such helper"),
    ],
)
def test_an_unimplemented_helper_is_an_error_with_its_name(number, what):
    assert run(f"r0 = 1\n goto out\n call {number}\n out:") == 1
    with pytest.raises(MachineError, match=rf"test, instruction 0 \(.*\): {what}"):
        run(f"call {number}")


def test_a_map_pointer_is_required():
    lookup = "r1 = {}\n r2 = r10\n r2 += -4\n call map_lookup_elem"
    with pytest.raises(
        MachineError, match=r"bpf_map_lookup_elem called with 0x500000000200 \(stack\+0\) "
    ):
        run(lookup.format("r10"))
    with pytest.raises(MachineError, match="called with 0xa00000000000 as map"):
        run(lookup.format("0xa00000000000 ll"))


def test_a_function_pointer_is_required():
    with pytest.raises(MachineError, match="0x500000000200 is not a function"):
        run("r1 = 1\n r2 = r10\n r3 = 0\n r4 = 0\n call loop")


def test_lookup_of_another_cpus_value():
    maps = ".map counts, percpu_array, key=u32, value=u64, entries=1"
    text = """
        *(u32 *)(r10 - 4) = 0
        r1 = counts ll
        r2 = r10
        r2 += -4
        r3 = {cpu}
        call map_lookup_percpu_elem
        if r0 == 0 goto out
        *(u64 *)(r0 + 0) = 5
        out: exit
    """
    machine = machine_of(text.format(cpu=1), maps=maps)
    assert machine.run() != 0
    assert [values for _, values in machine.maps["counts"].entries()] == [
        (bytes(8), (5).to_bytes(8, "little"))
    ]
    assert machine_of(text.format(cpu=2), maps=maps).run() == 0


def test_the_context_argument_must_be_the_programs_context():
    assert machine_of("r0 = *(u16 *)(r1 + 1)\n exit").run(raw(b"abc")) == 0x6362
