"""RB-E001: capabilities of a user namespace, which do not count."""

from __future__ import annotations

from rawbpf.kernel.permission import denied_by_user_namespace
from rawbpf.refusals.calls import LOADS, RIGHTS
from rawbpf.refusals.rule import Rule, of_process

RULE = Rule(
    code="RB-E001",
    title="In a user namespace, where capabilities do not count",
    calls=LOADS,
    errnos=RIGHTS,
    meaning=(
        "Who makes a user namespace is root in it, with all capabilities. bpf(2) asks whether "
        "they were given in the first namespace, that of the machine."
    ),
    reason=(
        "Anybody may make a user namespace, and programs run in the kernel that all namespaces "
        "share. From 6.9 a token of bpffs can lend rights to one; rawbpf does not use them."
    ),
    example="`unshare -Ur rawbpf load FILE`, or a rootless container.",
    explain=of_process(denied_by_user_namespace),
)
