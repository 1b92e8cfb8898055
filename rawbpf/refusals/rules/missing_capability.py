"""RB-E002: a capability that the call asks for, and the process lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.kernel.permission import denied_by_capabilities
from rawbpf.kernel.rights import missing_capabilities, unprivileged_bpf_disabled
from rawbpf.refusals.calls import LOADS, RIGHTS
from rawbpf.refusals.rule import Found, Rule
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.prog_rights import NET_ADMIN, NET_ADMIN_MAPS, PERFMON

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.refusals.asked import Asked


def _needed(asked: Asked) -> Iterator[tuple[str, str]]:
    """The capabilities that the call takes, and what for."""
    yield "CAP_BPF", f"{asked.cmd.name} takes CAP_BPF"
    if asked.cmd == bpf_cmd.BPF_PROG_LOAD:
        kind = asked["prog_type"]
        if kind in PERFMON:
            yield "CAP_PERFMON", f"{asked.name('prog_type')} sees kernel memory: CAP_PERFMON"
        if kind in NET_ADMIN:
            yield "CAP_NET_ADMIN", f"{asked.name('prog_type')} changes the network: CAP_NET_ADMIN"
    elif asked.cmd == bpf_cmd.BPF_MAP_CREATE and asked["map_type"] in NET_ADMIN_MAPS:
        yield "CAP_NET_ADMIN", f"{asked.name('map_type')} is of the network: CAP_NET_ADMIN"


def _explain(asked: Asked) -> Found | None:
    needed = dict(_needed(asked))
    lacking = missing_capabilities(needed)
    reason = denied_by_capabilities(needed=tuple(needed))
    if reason is None:
        return None
    known = [needed[name] for name in lacking]
    if asked.cmd != bpf_cmd.BPF_PROG_LOAD and missing_capabilities(["CAP_PERFMON"]):
        known.append("a program that traces will take CAP_PERFMON besides")
        # Who traces would be told of the next one only after having mended the first.
        reason = denied_by_capabilities(needed=(*needed, "CAP_PERFMON")) or reason
    if "CAP_BPF" in lacking and unprivileged_bpf_disabled():
        known.append(
            f"kernel.unprivileged_bpf_disabled is {unprivileged_bpf_disabled()}: without CAP_BPF "
            "nothing at all may be loaded"
        )
    return Found(reason.why, tuple(known), reason.fix)


RULE = Rule(
    code="RB-E002",
    title="A capability is missing",
    calls=LOADS,
    errnos=RIGHTS,
    meaning=(
        "Loading takes CAP_BPF (5.8). Programs that see the kernel's memory, as all that trace, "
        "take CAP_PERFMON too, those that change what the network does CAP_NET_ADMIN. "
        "CAP_SYS_ADMIN stands for the first two."
    ),
    reason=(
        "What is loaded runs in the kernel, and the verifier is a large program that had its own "
        "mistakes. Socket filters once were for everybody; kernel.unprivileged_bpf_disabled ends "
        "that, and distributions set it."
    ),
    example="`rawbpf load FILE` as an ordinary user.",
    explain=_explain,
)
