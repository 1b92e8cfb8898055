"""RB-E017: verified, and then not compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.errors import ENOTSUPP
from rawbpf.kernel.rights import bpf_jit_enable
from rawbpf.refusals.rule import Found, Rule
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.prog_rights import TARGETED

if TYPE_CHECKING:
    from rawbpf.refusals.asked import Asked


def _explain(asked: Asked) -> Found | None:
    if asked["prog_type"] in TARGETED and not asked["attach_btf_id"]:
        return Found(
            f"a program of {asked.name('prog_type')} was loaded without a target",
            change="give it the type that it is for: attach_btf_id",
        )
    enabled = bpf_jit_enable()
    known = () if enabled is None else (f"net.core.bpf_jit_enable is {enabled}",)
    return Found(
        "the verifier found nothing wrong, and the kernel could not compile the program",
        known,
        "set net.core.bpf_jit_enable to 1; without CAP_BPF, net.core.bpf_jit_limit may be used up",
    )


RULE = Rule(
    code="RB-E017",
    title="Not supported: no compiler for it, or no target",
    calls=(bpf_cmd.BPF_PROG_LOAD,),
    errnos=(ENOTSUPP,),
    meaning=(
        "ENOTSUPP (524, which has no name outside of the kernel) comes after the verifier: the "
        "program is right, but has to be compiled, and was not. Kernels with "
        "CONFIG_BPF_JIT_ALWAYS_ON have no interpreter, and calls of the kernel's functions "
        "cannot be interpreted. Or it is for a struct of the kernel's, and does not say for "
        "which."
    ),
    reason=(
        "An interpreter in the kernel serves attacks that guess branches, so distributions build "
        "without. Compiled code is counted, for those without CAP_BPF, against "
        "net.core.bpf_jit_limit."
    ),
    example="BPF_PROG_TYPE_STRUCT_OPS without attach_btf_id.",
    explain=_explain,
)
