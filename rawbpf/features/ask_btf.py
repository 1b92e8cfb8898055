"""Does BPF_BTF_LOAD know this of types? Load the smallest BTF that has it."""

from __future__ import annotations

from rawbpf.btf.sanitize import example
from rawbpf.features.answer import Answer, attempt
from rawbpf.syscall.bpf_object import btf_load

__all__ = ["btf_feature"]


def btf_feature(name: str) -> Answer:
    """Ask for one of ``rawbpf.btf.sanitize.FEATURES``."""
    return attempt(f"load BTF with a {name}", lambda: btf_load(example(name)))
