"""Load the examples of the verifier rules, on the kernels that they apply to."""

import os
from contextlib import contextmanager
from pathlib import Path

from rawbpf.cli.verify.gallery import attempt
from rawbpf.source.assembler import assemble
from rawbpf.verifier.registry import all_rules

_UNPRIVILEGED = Path("/proc/sys/kernel/unprivileged_bpf_disabled")
_LOADS_WITHOUT = "CAP_BPF"
"""Without CAP_BPF, programs can be loaded only if the kernel lets every user load them."""

EXAMPLES = [
    (rule, number, example)
    for rule in all_rules().values()
    for number, example in enumerate(rule.examples, 1)
]


def log_name(rule, number):
    """Return the file name of a golden log."""
    return f"{rule.code}-{number}.log"


def version(text):
    return tuple(map(int, text.split(".")))


def within(one, kernel):
    """Return whether a rule or an example applies to a kernel."""
    return begun(one, kernel) and (not one.until or kernel <= version(one.until))


def begun(one, kernel):
    """Return whether the kernel has the feature that the example needs."""
    return not one.since or kernel >= version(one.since)


def askable(example):
    """Return whether this machine allows loading with so few capabilities."""
    return _LOADS_WITHOUT not in example.without or _UNPRIVILEGED.read_text().strip() == "0"


@contextmanager
def unprivileged_allowed():
    """In a guest, allow loading without CAP_BPF inside the block. Change nothing elsewhere."""
    before = _UNPRIVILEGED.read_text()
    if os.environ.get("RAWBPF_GUEST") == "1":
        _UNPRIVILEGED.write_text("0")
    try:
        yield
    finally:
        if _UNPRIVILEGED.read_text() != before:
            _UNPRIVILEGED.write_text(before)


def refusal(text, kernel, without=()):
    """Return the error message for a program, or None if the kernel accepts it."""
    spec = assemble(text)
    if without or ".function" not in text:  # loading BTF requires CAP_BPF; only calls need it
        spec = spec._replace(btf=None)
    return attempt(spec, kernel, without).error
