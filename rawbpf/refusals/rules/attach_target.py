"""RB-E013: a target that the type does not take, or a descriptor that is none."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.refusals.rule import Found, Rule
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.prog_rights import TARGETED

if TYPE_CHECKING:
    from rawbpf.refusals.asked import Asked


def _explain(asked: Asked) -> Found | None:
    number, fd = asked["attach_btf_id"], asked["attach_btf_obj_fd"]
    if not number and not fd:
        return None
    kind = asked.name("prog_type")
    none = {"attach_btf_id": 0, "attach_btf_obj_fd": 0}
    if asked["prog_type"] not in TARGETED:
        if not asked.accepts(**none):
            return None
        sentence = f"a program of {kind} has no target in the kernel, and one was given"
        return Found(sentence, change="load it without attach_btf_id", fields=none)
    if fd and asked.accepts(attach_btf_obj_fd=0):
        return Found(
            f"descriptor {fd} is neither types of the kernel nor a program to attach to",
            change="give a descriptor of a module's BTF, of a program, or 0: the kernel",
            fields={"attach_btf_obj_fd": 0},
        )
    return None


RULE = Rule(
    code="RB-E013",
    title="A target that cannot be one",
    calls=(bpf_cmd.BPF_PROG_LOAD,),
    errnos=(errno.EINVAL, errno.EBADF),
    meaning=(
        "Programs of BPF_PROG_TYPE_TRACING, LSM, STRUCT_OPS and EXT name what they are for when "
        "they are loaded: attach_btf_id is the type of a function in the BTF of the kernel, or "
        "of the module or program behind attach_btf_obj_fd. All others have none."
    ),
    reason=(
        "The verifier has to know the arguments of the function, which are the program's "
        "context. A field that is set and means nothing would mean something to a later kernel."
    ),
    example="BPF_PROG_TYPE_SOCKET_FILTER with attach_btf_id 5.",
    explain=_explain,
)
