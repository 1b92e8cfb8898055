"""Fixtures for tests on a real kernel that can be probed.

In a guest (RAWBPF_GUEST=1), every test must run. On another machine, a test is skipped with the
reason if the machine lacks something that it needs.
"""

import os

import pytest

from rawbpf.collection.kernel_facts import KernelFacts
from rawbpf.errors import UnsupportedError
from rawbpf.kernel.hardware import pmu_type
from rawbpf.kernel.rights import lockdown_mode, missing_capabilities
from rawbpf.kernel.version import raise_memlock_if_needed

IN_GUEST = os.environ.get("RAWBPF_GUEST") == "1"


def lacking_to_load() -> str | None:
    """Return what this machine lacks to load programs and run them with BPF_PROG_TEST_RUN."""
    missing = missing_capabilities({"CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"})
    return f"needs {' and '.join(missing)}: run as root" if missing else None


def lacking_to_probe() -> str | None:
    """Return what this machine lacks to be traced."""
    if lockdown_mode() == "confidentiality":
        return "this kernel is locked down"
    try:
        pmu_type("kprobe")
    except UnsupportedError as error:
        return str(error)
    return None


@pytest.fixture(scope="session")
def memory():
    """Raise the limit on locked memory. Before 5.11, maps and programs count against it."""
    raise_memlock_if_needed()


@pytest.fixture(scope="session")
def kernel():
    """Facts about the kernel, read once, because reading its types takes seconds in a guest."""
    raise_memlock_if_needed()
    return KernelFacts()


def pytest_collection_modifyitems(items):
    if IN_GUEST:
        return
    load = lacking_to_load()
    probe = load or lacking_to_probe()
    for item in items:
        reason = load if "no_probe" in item.keywords else probe
        if "modules" in item.keywords:
            reason = "loads and unloads modules: for guests"
        if "kernel" in item.path.parts and reason:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    """Turn a skip into a failure in a guest, because no other machine would run the test."""
    outcome = yield
    report = outcome.get_result()
    if IN_GUEST and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in the guest: {report.longrepr}"
