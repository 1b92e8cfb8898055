"""Functions that list shows can be probed, others cannot, and each failure is explained."""

import errno
import json
from collections import Counter, defaultdict

import pytest

from rawbpf.errors import KernelError
from rawbpf.kernel.hardware import pmu_format_bit, pmu_type
from rawbpf.kernel.kallsyms import is_function_name, read_kallsyms
from rawbpf.kernel.probeable import probe_rules, probeable_functions
from rawbpf.links.diagnose import duplicates, explain_kprobe_failure
from rawbpf.syscall.perf_event import open_probe
from tests.support.command import rawbpf
from tests.support.data_symbols import lists_variables

SAMPLE = 12


@pytest.fixture(scope="module")
def kallsyms():
    return read_kallsyms()


@pytest.fixture(scope="module")
def symbols(kallsyms):
    return list(kallsyms)


@pytest.fixture(scope="module")
def rules(kallsyms, symbols):
    return probe_rules(kallsyms, symbols)


@pytest.fixture(scope="module")
def functions(symbols, rules):
    return probeable_functions(symbols, rules)


def sample(names):
    """Return some of the names, spread evenly."""
    names = sorted(names)
    assert names
    return names[:: max(1, len(names) // SAMPLE)][:SAMPLE]


def errno_of(function, *, retprobe=False) -> int:
    """Return the errno with which placing a probe fails, or 0."""
    config = 1 << pmu_format_bit("kprobe", "retprobe") if retprobe else 0
    try:
        open_probe(pmu_type("kprobe"), function, config=config).close()
    except KernelError as error:
        return error.errno
    return 0


def explain(function, number, **options) -> str:
    return str(explain_kprobe_failure(function, number, **options))


def test_all_kernel_lists_can_be_read(rules):
    assert rules.missing == ()


def test_listed_functions_can_be_probed(functions):
    """Probes only functions that the kernel does not call while it traces."""
    families = "vfs_", "tcp_", "udp_", "pipe_", "sock_", "__x64_sys_", "__arm64_sys_"
    names = {f.name for f in functions if f.namesakes == 1 and f.name.startswith(families)}
    assert {name: errno_of(name) for name in sample(names)} == dict.fromkeys(sample(names), 0)


def test_compiler_variants_of_functions_can_be_probed(functions):
    names = sample({f.name for f in functions if f.namesakes == 1 and "." in f.name})
    assert {name: errno_of(name) for name in names} == dict.fromkeys(names, 0)


@pytest.fixture(scope="module")
def left_out(symbols, rules):
    """Functions that are not listed, by the reason; only those with unique names."""
    counts = Counter(symbol.name for symbol in symbols)
    names = defaultdict(set)
    for symbol in symbols:
        if symbol.is_text and counts[symbol.name] == 1 and is_function_name(symbol.name):
            names[rules.obstacle(symbol)].add(symbol.name)
    return names


@pytest.mark.parametrize("reason", ["notrace", "blacklist", "initialization"])
def test_functions_that_are_not_listed_cannot_be_probed_and_the_reason_is_given(left_out, reason):
    names = sample(next(found for why, found in left_out.items() if why and reason in why))
    assert {name: errno_of(name) for name in names} == dict.fromkeys(names, errno.EINVAL)
    assert reason in explain(names[0], errno.EINVAL)


def test_functions_that_share_a_name_cannot_be_probed_and_are_counted(functions):
    names = sample({f.name for f in functions if f.namesakes > 1})
    for name in names:
        assert errno_of(name) == errno.EADDRNOTAVAIL, name
    found = duplicates(names[0])
    assert len(found) == next(f.namesakes for f in functions if f.name == names[0])
    assert f"{len(found)} symbols in this kernel" in explain(names[0], errno.EADDRNOTAVAIL)


def test_an_unknown_function_is_explained():
    assert errno_of("vfs_raed") == errno.ENOENT
    # Some kernels report an unknown name as an invalid place for a return probe.
    number = errno_of("vfs_raed", retprobe=True)
    assert number in (errno.ENOENT, errno.EINVAL)
    assert "did you mean vfs_read" in explain("vfs_raed", number, retprobe=True)


def test_the_function_of_a_system_call_is_suggested_for_its_name(kallsyms):
    assert errno_of("sys_read") == errno.ENOENT
    assert kallsyms.near("sys_read")[0] in ("__x64_sys_read", "__arm64_sys_read")


def test_a_symbol_of_data_is_explained():
    if lists_variables():
        assert errno_of("jiffies") == errno.EINVAL
        assert "the symbol is data" in explain("jiffies", errno.EINVAL)
    else:
        assert errno_of("jiffies") == errno.ENOENT
        assert "no such function" in explain("jiffies", errno.ENOENT)


def test_a_module_that_is_not_loaded_is_explained():
    assert errno_of("nosuchmodule:function") == errno.ENOENT
    assert "module nosuchmodule is not loaded" in explain("nosuchmodule:function", errno.ENOENT)


def test_the_command_prints_json():
    done = rawbpf("list", "do_sys_openat*", "--json")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"name": "do_sys_openat2", "module": None, "namesakes": 1} in rows
    assert f"{len(rows)} function" in done.stderr
    assert "may not be probeable" not in done.stderr
