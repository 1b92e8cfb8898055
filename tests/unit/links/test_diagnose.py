"""From an errno and a machine's files to one line that says what failed, why, and what to do."""

import errno

import pytest

from rawbpf.errors import AttachError, UsageError
from rawbpf.links.diagnose import check_function_name, duplicates, explain_kprobe_failure
from tests.support.machine import Machine

KALLSYMS = """\
ffffffff81000010 T vfs_read
ffffffff81000020 t notrace_one
ffffffff81000030 T int3
ffffffff81000040 T __x64_sys_read
ffffffff81000050 t twice
ffffffff81000060 t twice
ffffffff81000070 t variant.isra.0
ffffffff82000000 D jiffies
ffffffffc0000000 t twice [xfs]
ffffffffc0000010 t in_both [xfs]
ffffffffc0000020 t in_both [ext4]
"""


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path).process().user_namespace().release("6.1.0").kallsyms(KALLSYMS)
    machine.file("/proc/modules", "xfs 1 0 - Live 0x0\next4 1 0 - Live 0x0\n")
    machine.mounts("t /sys/kernel/tracing tracefs rw 0 0", "d /sys/kernel/debug debugfs rw 0 0")
    hooked = "vfs_read\nint3\n__x64_sys_read\ntwice\n"
    machine.file("/sys/kernel/tracing/available_filter_functions", hooked)
    return machine.file(
        "/sys/kernel/debug/kprobes/blacklist", "0xffffffff81000030-0xffffffff81000038\tint3\n"
    )


def explain(machine, function, number, **options):
    error = explain_kprobe_failure(function, number, root=machine.root, **options)
    assert isinstance(error, AttachError)
    assert error.errno == number
    assert "\n" not in str(error)
    return str(error)


@pytest.mark.parametrize(
    ("function", "number", "words"),
    [
        ("vfs_raed", errno.ENOENT, "no function of that name; did you mean vfs_read?"),
        ("sys_read", errno.ENOENT, "did you mean __x64_sys_read"),
        ("qqqqqqqq", errno.ENOENT, "may be inlined, or in a module not loaded"),
        ("btrfs:anything", errno.ENOENT, "no module btrfs is loaded; load it: modprobe btrfs"),
        ("xfs:qqqqqq", errno.ENOENT, "the module xfs has no function of that name"),
        ("xfs:vfs_read", errno.ENOENT, "the module xfs has no function of that name"),
        ("vfs_read", errno.EILSEQ, "not where an instruction begins"),
        ("notrace_one", errno.EINVAL, "it is notrace"),
        ("int3", errno.EINVAL, "kprobe blacklist"),
        ("jiffies", errno.EINVAL, "data, not a function"),
        ("vfs_read", errno.EINVAL, "the kernel does not let this function be probed"),
        ("twice", errno.EADDRNOTAVAIL, "3 symbols of this kernel have that name"),
        ("twice", errno.EADDRNOTAVAIL, "name the module: xfs:twice"),
        ("in_both", errno.EADDRNOTAVAIL, "name the module: ext4:in_both or xfs:in_both"),
        ("vfs_read", errno.EADDRNOTAVAIL, "several symbols of this kernel have that name"),
        ("vfs_read", errno.ENOMEM, "ENOMEM (Cannot allocate memory)"),
    ],
)
def test_each_errno_has_its_reason(machine, function, number, words):
    assert words in explain(machine, function, number)


def test_a_return_probe_on_nothing_is_einval_up_to_5_10(machine):
    said = explain(machine, "vfs_raed", errno.EINVAL, retprobe=True)
    assert said.startswith("cannot probe the return of 'vfs_raed': ")
    assert "did you mean vfs_read?" in said


def test_a_variant_of_the_compilers_is_named_as_such(machine):
    (machine.root / "sys/kernel/tracing/available_filter_functions").unlink()
    assert "a variant that the compiler made" in explain(machine, "variant.isra.0", errno.EINVAL)


def test_hidden_addresses_do_not_make_a_function_absent(machine):
    zeros = "".join("0" * 16 + line[16:] + "\n" for line in KALLSYMS.splitlines())
    machine.kallsyms(zeros)
    assert "it is notrace" in explain(machine, "notrace_one", errno.EINVAL)
    assert "no function of that name" not in explain(machine, "vfs_read", errno.EINVAL)


def test_without_kallsyms_only_the_errno_is_left(tmp_path):
    said = explain(Machine(tmp_path), "vfs_read", errno.ENOENT)
    assert "ENOENT (No such file or directory); cannot read the kernel's symbols" in said


@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES])
def test_refusals_are_explained_by_rights(machine, number):
    said = explain(machine.process(capabilities=1 << 39), "vfs_read", number)
    assert "lacks CAP_PERFMON" in said


def test_lockdown(machine):
    machine.file("/sys/kernel/security/lockdown", "none integrity [confidentiality]\n")
    assert "locked down (confidentiality)" in explain(machine, "vfs_read", errno.EPERM)


def test_duplicates_are_counted_for_kernels_that_do_not(machine):
    assert [symbol.module for symbol in duplicates("twice", machine.root)] == [None, None, "xfs"]
    assert duplicates("vfs_read", machine.root) == []
    assert duplicates("nothing", machine.root) == []
    assert duplicates("xfs:in_both", machine.root) == []


@pytest.mark.parametrize(
    "name",
    ["do_sys_openat2", "f.isra.0", "xfs:helper", "_R", "__x64_sys_read", "f.llvm.123", "x" * 127],
)
def test_names_of_functions(name):
    check_function_name(name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "empty"),
        ("a b;c", "leave out the ' ': a"),
        ("vfs_read\0", "leave out"),
        ("vfs_read\n", "leave out"),
        ("vfs_réad", "leave out"),
        ("\udcff", "is no function name"),
        ("vfs_read()", "leave out the '(': vfs_read"),
        ("f+0x1", "takes no offset: f"),
        ("tcp_*", "`rawbpf list 'tcp_*'`"),
        ("*", "is no function name"),
        ("0xffffffff81000010", "not an address"),
        ("-f", "is no function name"),
        ("a:b:c", "leave out the ':'"),
        ("\x1b[31m", "is no function name"),
        ("x" * 10_000, "has 10000 characters"),
    ],
)
def test_what_is_no_name(name, words):
    with pytest.raises(UsageError) as raised:
        check_function_name(name)
    assert words in str(raised.value)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(
    ("release", "length", "fits"),
    [("6.0.0", 127, True), ("6.0.0", 128, False), ("6.1.0", 128, True), ("6.1.0", 512, False)],
)
def test_the_longest_name_grew_in_6_1(tmp_path, release, length, fits):
    root = Machine(tmp_path).release(release).root
    if fits:
        check_function_name("x" * length, root)
    else:
        with pytest.raises(UsageError, match="the longest name in this kernel has"):
            check_function_name("x" * length, root)
