"""The rules' own examples: which kernel they are about, and what this one says of them."""

import os
from contextlib import contextmanager
from pathlib import Path

from rawbpf.cli.verify.gallery import attempt
from rawbpf.collection.open import spec_of
from rawbpf.elf.write import encode_object
from rawbpf.source.assembler import assemble
from rawbpf.verifier.registry import rules

_UNPRIVILEGED = Path("/proc/sys/kernel/unprivileged_bpf_disabled")
_LOADS_WITHOUT = "CAP_BPF"
"""Without it one may load programs only where the kernel lets anybody do so."""

EXAMPLES = [
    (rule, number, example)
    for rule in rules().values()
    for number, example in enumerate(rule.examples, 1)
]


def log_name(rule, number):
    """The file of a golden log."""
    return f"{rule.code}-{number}.log"


def version(text):
    return tuple(map(int, text.split(".")))


def within(one, kernel):
    """Whether a kernel is among those of a rule, or of an example."""
    return begun(one, kernel) and (not one.until or kernel <= version(one.until))


def begun(one, kernel):
    """Whether it has what the example is about at all."""
    return not one.since or kernel >= version(one.since)


def askable(example):
    """Whether this machine lets somebody with so few rights load programs."""
    return _LOADS_WITHOUT not in example.without or _UNPRIVILEGED.read_text().strip() == "0"


@contextmanager
def unprivileged_allowed():
    """In a guest, let those without CAP_BPF load programs meanwhile. Elsewhere it is not ours."""
    before = _UNPRIVILEGED.read_text()
    if os.environ.get("RAWBPF_GUEST") == "1":
        _UNPRIVILEGED.write_text("0")
    try:
        yield
    finally:
        if _UNPRIVILEGED.read_text() != before:
            _UNPRIVILEGED.write_text(before)


def refusal(text, kernel, without=()):
    """What this kernel has against a program; None if it takes it."""
    spec = assemble(text)
    if ".function" in text and not without:  # types matter there, and need CAP_BPF themselves
        spec = spec_of(encode_object(spec), "an example")
    return attempt(spec, kernel, without).error
