"""RB-E005: nothing that we know of forbids it; somebody does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.kernel.permission import unknown_reason
from rawbpf.kernel.rights import lockdown_mode
from rawbpf.refusals.calls import LOADS, RIGHTS
from rawbpf.refusals.rule import Found, Rule

if TYPE_CHECKING:
    from rawbpf.refusals.asked import Asked


def _explain(_asked: Asked) -> Found | None:
    mode = lockdown_mode()
    locked = f"the kernel is locked down ({mode}); upstream kernels load programs all the same"
    reason = unknown_reason()
    return Found(reason.why, () if mode in (None, "none") else (locked,), reason.fix)


RULE = Rule(
    code="RB-E005",
    title="A security module, or a policy of this kernel's own",
    calls=LOADS,
    errnos=RIGHTS,
    meaning=(
        "Capabilities are there, no limit is reached, no filter is in the way. What is left are "
        "security modules, which are asked last (security_bpf, security_bpf_prog_load): SELinux, "
        "AppArmor, a BPF program at an LSM hook, or what a vendor built into the kernel."
    ),
    reason=(
        "Capabilities say what a process could do, a policy what it is there for. Only the "
        "policy's own log tells more."
    ),
    example="SELinux with a domain that has no `bpf { prog_load }`.",
    explain=_explain,
)
