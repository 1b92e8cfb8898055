import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.kernel.kallsyms import Kallsyms
from rawbpf.kernel.probeable import Function, ProbeRules, probeable_functions

KERNEL = Kallsyms(
    b"ffffffff81000010 T vfs_read\n"
    b"ffffffff81000020 t notrace_one\n"
    b"ffffffff81000030 T int3\n"
    b"ffffffff81000040 T __x64_sys_getppid\n"
    b"ffffffff81000040 T __do_sys_getppid\n"
    b"ffffffff81000050 t vfs_read.isra.0\n"
    b"ffffffff81000060 t vfs_read.cold\n"
    b"ffffffff81000070 t __pfx_vfs_read\n"
    b"ffffffff81000080 t helper\n"
    b"ffffffff81000090 t helper\n"
    b"ffffffff81000100 T _sinittext\n"
    b"ffffffff81000110 T start_kernel\n"
    b"ffffffff81000200 T _einittext\n"
    b"ffffffff81f00000 T _etext\n"
    b"ffffffff82000000 D data\n"
    b"ffffffff82000010 T data_of_7_2\n"
    b"ffffffffc0000000 t helper\t[mod]\n"
    b"ffffffffc0000100 t bpf_prog_0123_hello\t[bpf]\n"
    b"ffffffffc0000200 t ftrace_trampoline\t[__builtin__ftrace]\n"
)
HOOKED = b"vfs_read\n__do_sys_getppid\nhelper\nhelper [mod]\nint3\nstart_kernel\n"
BLACKLIST = b"0xffffffff81000030-0xffffffff81000038\tint3\n"


def rules(hooked=HOOKED, blacklist=BLACKLIST, kernel=KERNEL):
    return ProbeRules(kernel, list(kernel), hooked, blacklist)


def obstacle(name, **lists):
    return rules(**lists).obstacle(KERNEL.lookup(name)[0])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("notrace_one", "notrace"),
        ("int3", "blacklist"),
        ("start_kernel", "initialization"),
        ("data", "the symbol is data, not a function"),
        ("data_of_7_2", "the symbol is data, or initialization code"),
        ("bpf_prog_0123_hello", "generated"),
        ("ftrace_trampoline", "generated"),
    ],
)
def test_obstacles(name, reason):
    assert reason in obstacle(name)


@pytest.mark.parametrize(
    "name", ["vfs_read", "__do_sys_getppid", "__x64_sys_getppid", "helper", "vfs_read.isra.0"]
)
def test_functions_that_can_be_probed_also_by_another_name(name):
    assert obstacle(name) is None


def test_lists_that_cannot_be_read_exclude_nothing():
    assert obstacle("notrace_one", hooked=None) is None
    assert obstacle("int3", blacklist=None) is None


def test_names_are_compared_if_addresses_are_hidden():
    data = b"".join(b"0" * 16 + b" t %s\n" % name for name in (b"vfs_read", b"int3", b"other"))
    kernel = Kallsyms(data)
    hidden = rules(blacklist=b"0x0000000000000000-0x0000000000000000\tint3\n", kernel=kernel)
    assert [hidden.obstacle(symbol) is None for symbol in kernel] == [True, False, False]


def test_functions_selected_by_name():
    rows = probeable_functions(KERNEL, rules(), lambda name: name.endswith("read"))
    assert rows == [Function("vfs_read", None, 1)]


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_damaged_lists_raise_nothing(hooked, blacklist):
    lists = rules(hooked, blacklist)
    assert {lists.obstacle(symbol) or "" for symbol in KERNEL if not symbol.is_text} != {""}
    assert len(probeable_functions(KERNEL, lists)) <= len(list(KERNEL))


def test_functions_are_sorted_and_namesakes_counted():
    assert probeable_functions(KERNEL, rules()) == [
        Function("__do_sys_getppid", None, 1),
        Function("__x64_sys_getppid", None, 1),
        Function("helper", None, 3),
        Function("helper", "mod", 3),
        Function("vfs_read", None, 1),
        Function("vfs_read.isra.0", None, 1),
    ]
