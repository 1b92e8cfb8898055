"""Rules RB-E011 to RB-E014 and RB-E017: program types, attach types, targets and flags."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import ENOTSUPP
from rawbpf.kernel.rights import bpf_jit_enable
from rawbpf.refusals.rule import Found, Rule
from rawbpf.uapi.bpf import bpf_attach_type, bpf_cmd, bpf_prog_type
from rawbpf.uapi.capability import ATTACH_TYPES, TARGETED

if TYPE_CHECKING:
    from rawbpf.refusals.failed_call import FailedCall

__all__ = ["RULES"]

_LOAD = (bpf_cmd.BPF_PROG_LOAD,)
_NOTHING = bytes.fromhex("b700000000000000 9500000000000000")  # r0 = 0; exit
_PLAIN: dict[str, int | bytes] = {
    "insns": _NOTHING, "insn_cnt": 2, "prog_flags": 0, "prog_ifindex": 0, "prog_btf_fd": 0,
    "func_info_cnt": 0, "line_info_cnt": 0, "attach_btf_id": 0, "attach_btf_obj_fd": 0,
    "core_relo_cnt": 0,
}  # fmt: skip
_SHOWN = 4


def _program_type(call: FailedCall) -> Found | None:
    kind = call["prog_type"]
    if kind in TARGETED:  # the verifier log explains these failures better
        return None
    attach = ATTACH_TYPES.get(kind, (0,))
    if any(call.accepts(**{**_PLAIN, "expected_attach_type": int(one)}) for one in attach):
        return None
    name = call.name("prog_type") if kind in set(bpf_prog_type) else f"number {kind}"
    return Found(
        f"this kernel does not support program type {name}",
        ("the kernel also rejects the shortest program of this type: r0 = 0, exit",),
        "load the program on a kernel that supports this type: a newer kernel, or one built "
        "with the feature",
    )


def _attach_type(call: FailedCall) -> Found | None:
    # Use attach type 0 for program types that accept any attach type, or only 0.
    taken = tuple(map(int, ATTACH_TYPES.get(call["prog_type"], (0,))))
    others = (one for one in taken if one != call["expected_attach_type"])
    good = next((one for one in others if call.accepts(expected_attach_type=one)), None)
    if good is None:
        return None
    names = [bpf_attach_type(one).name for one in taken if one or len(taken) > 1]
    shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    kind = call.name("prog_type")
    return Found(
        f"expected_attach_type is {call.name('expected_attach_type')}, which {kind} does not allow",
        (f"{kind} allows {shown or '0'}",),
        "set expected_attach_type to the program's attach point, such as "
        f"{bpf_attach_type(good).name if names else 0}",
        {"expected_attach_type": good},
    )


def _attach_target(call: FailedCall) -> Found | None:
    number, fd = call["attach_btf_id"], call["attach_btf_obj_fd"]
    if not number and not fd:
        return None
    none = {"attach_btf_id": 0, "attach_btf_obj_fd": 0}
    if call["prog_type"] not in TARGETED:
        if not call.accepts(**none):
            return None
        sentence = (
            f"programs of type {call.name('prog_type')} have no target, but attach_btf_id is set"
        )
        return Found(sentence, change="load the program without attach_btf_id", fields=none)
    if fd and call.accepts(attach_btf_obj_fd=0):
        return Found(
            f"file descriptor {fd} is neither a module's BTF nor a program to attach to",
            change="use the descriptor of a module's BTF, of a program, or 0 for the kernel",
            fields={"attach_btf_obj_fd": 0},
        )
    return None


def _program_flags(call: FailedCall) -> Found | None:
    given, kind = call["prog_flags"], call.name("prog_type")
    for bit in (1 << n for n in range(32) if given >> n & 1):
        if call.accepts(prog_flags=given & ~bit):
            return Found(
                f"prog_flags has {bit:#x}, which this kernel does not support for {kind}",
                (f"prog_flags is {call.name('prog_flags')}",),
                "omit the flag, or load the program on a newer kernel",
                {"prog_flags": given & ~bit},
            )
    return None


def _not_compiled(call: FailedCall) -> Found | None:
    if call["prog_type"] in TARGETED and not call["attach_btf_id"]:
        return Found(
            f"a program of type {call.name('prog_type')} was loaded without a target",
            change="set attach_btf_id to the type of the program's target",
        )
    enabled = bpf_jit_enable()
    known = () if enabled is None else (f"net.core.bpf_jit_enable is {enabled}",)
    return Found(
        "the verifier accepted the program, but the kernel could not compile it",
        known,
        "set net.core.bpf_jit_enable to 1; without CAP_BPF, raise net.core.bpf_jit_limit as well",
    )


RULES = (
    Rule(
        code="RB-E011",
        title="Program type not supported by this kernel",
        calls=_LOAD,
        errnos=(errno.EINVAL,),
        meaning=(
            "The kernel looks up prog_type in a table. A type is missing if the kernel is "
            "older than the type, or was built without the feature that the type belongs "
            "to: BPF_PROG_TYPE_LIRC_MODE2 needs CONFIG_BPF_LIRC_MODE2, and cgroup program "
            "types need CONFIG_CGROUP_BPF."
        ),
        reason=(
            "The type determines what r1 points to, which helpers the program can call and "
            "what its return value means. Without the type, the verifier cannot check "
            "anything."
        ),
        example="BPF_PROG_TYPE_NETFILTER on Linux 6.1.",
        explain=_program_type,
    ),
    Rule(
        code="RB-E012",
        title="Attach type not allowed for the program type",
        calls=_LOAD,
        errnos=(errno.EINVAL,),
        meaning=(
            "Some program types support several attach points, which determine what the "
            "program may do: a cgroup program for connect() may change the destination "
            "address, and a program for bind() may change the local address. Such a program "
            "names its attach point at load time, in expected_attach_type."
        ),
        reason=(
            "The verifier checks context accesses, helpers and the return value for this "
            "attach point. When the program is attached, the kernel compares the attach "
            "point again, so that the program cannot be attached elsewhere."
        ),
        example="BPF_PROG_TYPE_CGROUP_SOCKOPT with expected_attach_type 0.",
        explain=_attach_type,
    ),
    Rule(
        code="RB-E013",
        title="Invalid target",
        calls=_LOAD,
        errnos=(errno.EINVAL, errno.EBADF),
        meaning=(
            "Programs of the types BPF_PROG_TYPE_TRACING, LSM, STRUCT_OPS and EXT name "
            "their target at load time: attach_btf_id is the type ID of a function in the "
            "kernel's BTF, or in the BTF of the module or program that attach_btf_obj_fd "
            "refers to. All other programs have no target."
        ),
        reason=(
            "The arguments of the function form the program's context, so the verifier must "
            "know their types. Unused fields must be 0, because later kernels may assign "
            "a meaning to them."
        ),
        example="BPF_PROG_TYPE_SOCKET_FILTER with attach_btf_id 5.",
        explain=_attach_target,
    ),
    Rule(
        code="RB-E014",
        title="Program flag not supported",
        calls=_LOAD,
        errnos=(errno.EINVAL,),
        meaning=(
            "prog_flags requests additional features: BPF_F_SLEEPABLE (5.10) for a program "
            "that may sleep, and BPF_F_XDP_HAS_FRAGS (5.18) for a program that handles "
            "packets in several buffers. The load fails if the kernel does not know one of "
            "the bits."
        ),
        reason=(
            "If the kernel ignored the flag, the program would be loaded without the "
            "feature, and nobody would notice."
        ),
        example="prog_flags = 1 << 20.",
        explain=_program_flags,
    ),
    Rule(
        code="RB-E017",
        title="Program not compiled, or without a target",
        calls=_LOAD,
        errnos=(ENOTSUPP,),
        meaning=(
            "The kernel returns ENOTSUPP (524, an internal error code) after verification: "
            "the program is valid but must be compiled, and compilation failed. Kernels "
            "with CONFIG_BPF_JIT_ALWAYS_ON have no interpreter, and programs that call "
            "kernel functions cannot be interpreted. A struct_ops program that does not "
            "name its struct also fails with ENOTSUPP."
        ),
        reason=(
            "An interpreter in the kernel makes speculative execution attacks easier, so "
            "distributions build kernels without the interpreter. Without CAP_BPF, compiled "
            "code counts against net.core.bpf_jit_limit."
        ),
        example="BPF_PROG_TYPE_STRUCT_OPS without attach_btf_id.",
        explain=_not_compiled,
    ),
)
