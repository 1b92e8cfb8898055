"""Derive a program's type and attach target from its section name, such as ``kprobe/do_exit``.

Section names are interpreted as in libbpf, so that an object has the same meaning to libbpf and
rawbpf. The longest matching prefix determines the program type, and the rest of the name is the
attach target. A prefix that ends in ``.s`` marks a sleepable program, and a leading question mark
an optional one.

>>> name = read_section("?fexit.s/do_exit")
>>> name.kind.attach_type.name, name.attach_to, name.autoload
('BPF_TRACE_FEXIT', 'do_exit', False)
>>> section_kind("kprobe/do_exit").prog_type.name
'BPF_PROG_TYPE_KPROBE'
>>> section_kind("kprobes") is None
True
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rawbpf.uapi.bpf import (
    BPF_F_SLEEPABLE,
    BPF_F_XDP_HAS_FRAGS,
    bpf_attach_type,
    bpf_prog_type,
)

__all__ = [
    "SECTION_KINDS",
    "SectionKind",
    "SectionName",
    "near_sections",
    "read_section",
    "section_kind",
]


class SectionKind(NamedTuple):
    """A kind of section: the program type, and the attach type if loading requires one.

    ``since`` is the first kernel version that supports this kind of program. ``follows`` describes
    the attach target after the slash.
    """

    prefix: str
    prog_type: bpf_prog_type
    attach_type: bpf_attach_type | None
    since: tuple[int, int]
    follows: str

    @property
    def example(self) -> str:
        """Return the attach target without its optional parts, such as FUNCTION."""
        return re.sub(r"\[[^\[\]]*\]", "", self.follows)

    @property
    def prog_flags(self) -> int:
        """Return the flags for BPF_PROG_LOAD."""
        family = self.prefix.partition("/")[0]
        if family == "xdp.frags":
            return BPF_F_XDP_HAS_FRAGS
        return BPF_F_SLEEPABLE if family.endswith(".s") or family == "syscall" else 0


class SectionName(NamedTuple):
    """A parsed section name. ``kind`` is None if the name matches no prefix."""

    section: str
    kind: SectionKind | None
    attach_to: str
    autoload: bool

    @property
    def prog_flags(self) -> int:
        """Return the flags for BPF_PROG_LOAD."""
        return self.kind.prog_flags if self.kind else 0


_TABLE = """
socket                  SOCKET_FILTER           -                        3.19 -
sk_reuseport            SK_REUSEPORT            SK_REUSEPORT_SELECT      4.19 -
sk_reuseport/migrate    SK_REUSEPORT            SK_REUSEPORT_SELECT_OR_MIGRATE 5.14 -
kprobe                  KPROBE                  -                        4.1  [MODULE:]FUNCTION[+N]
kretprobe               KPROBE                  -                        4.1  [MODULE:]FUNCTION
kprobe.multi            KPROBE                  TRACE_KPROBE_MULTI       5.18 PATTERN
kretprobe.multi         KPROBE                  TRACE_KPROBE_MULTI       5.18 PATTERN
kprobe.session          KPROBE                  TRACE_KPROBE_SESSION     6.10 PATTERN
ksyscall                KPROBE                  -                        4.1  CALL
kretsyscall             KPROBE                  -                        4.1  CALL
uprobe                  KPROBE                  -                        4.3  PATH:FUNCTION[+N]
uprobe.s                KPROBE                  -                        6.0  PATH:FUNCTION[+N]
uretprobe               KPROBE                  -                        4.3  PATH:FUNCTION[+N]
uretprobe.s             KPROBE                  -                        6.0  PATH:FUNCTION[+N]
uprobe.multi            KPROBE                  TRACE_UPROBE_MULTI       6.6  PATH:PATTERN
uprobe.multi.s          KPROBE                  TRACE_UPROBE_MULTI       6.6  PATH:PATTERN
uretprobe.multi         KPROBE                  TRACE_UPROBE_MULTI       6.6  PATH:PATTERN
uretprobe.multi.s       KPROBE                  TRACE_UPROBE_MULTI       6.6  PATH:PATTERN
uprobe.session          KPROBE                  TRACE_UPROBE_SESSION     6.13 PATH:PATTERN
uprobe.session.s        KPROBE                  TRACE_UPROBE_SESSION     6.13 PATH:PATTERN
usdt                    KPROBE                  -                        4.3  PATH:PROVIDER:NAME
usdt.s                  KPROBE                  -                        6.0  PATH:PROVIDER:NAME
tc                      SCHED_CLS               -                        4.1  -
tc/ingress              SCHED_CLS               TCX_INGRESS              6.6  -
tc/egress               SCHED_CLS               TCX_EGRESS               6.6  -
tcx/ingress             SCHED_CLS               TCX_INGRESS              6.6  -
tcx/egress              SCHED_CLS               TCX_EGRESS               6.6  -
classifier              SCHED_CLS               -                        4.1  -
action                  SCHED_ACT               -                        4.1  -
netkit/primary          SCHED_CLS               NETKIT_PRIMARY           6.7  -
netkit/peer             SCHED_CLS               NETKIT_PEER              6.7  -
tp                      TRACEPOINT              -                        4.7  GROUP/NAME
tracepoint              TRACEPOINT              -                        4.7  GROUP/NAME
raw_tp                  RAW_TRACEPOINT          -                        4.17 NAME
raw_tracepoint          RAW_TRACEPOINT          -                        4.17 NAME
raw_tp.w                RAW_TRACEPOINT_WRITABLE -                        5.2  NAME
raw_tracepoint.w        RAW_TRACEPOINT_WRITABLE -                        5.2  NAME
tp_btf                  TRACING                 TRACE_RAW_TP             5.5  NAME
fentry                  TRACING                 TRACE_FENTRY             5.5  [MODULE:]FUNCTION
fentry.s                TRACING                 TRACE_FENTRY             5.10 [MODULE:]FUNCTION
fexit                   TRACING                 TRACE_FEXIT              5.5  [MODULE:]FUNCTION
fexit.s                 TRACING                 TRACE_FEXIT              5.10 [MODULE:]FUNCTION
fmod_ret                TRACING                 MODIFY_RETURN            5.7  [MODULE:]FUNCTION
fmod_ret.s              TRACING                 MODIFY_RETURN            5.10 [MODULE:]FUNCTION
fsession                TRACING                 TRACE_FSESSION           7.0  [MODULE:]FUNCTION
fsession.s              TRACING                 TRACE_FSESSION           7.0  [MODULE:]FUNCTION
iter                    TRACING                 TRACE_ITER               5.8  KIND
iter.s                  TRACING                 TRACE_ITER               5.18 KIND
freplace                EXT                     -                        5.6  FUNCTION
lsm                     LSM                     LSM_MAC                  5.7  HOOK
lsm.s                   LSM                     LSM_MAC                  5.10 HOOK
lsm_cgroup              LSM                     LSM_CGROUP               6.0  HOOK
syscall                 SYSCALL                 -                        5.14 -
xdp                     XDP                     XDP                      4.8  -
xdp.frags               XDP                     XDP                      5.18 -
xdp/devmap              XDP                     XDP_DEVMAP               5.8  -
xdp.frags/devmap        XDP                     XDP_DEVMAP               5.18 -
xdp/cpumap              XDP                     XDP_CPUMAP               5.9  -
xdp.frags/cpumap        XDP                     XDP_CPUMAP               5.18 -
perf_event              PERF_EVENT              -                        4.9  -
lwt_in                  LWT_IN                  -                        4.10 -
lwt_out                 LWT_OUT                 -                        4.10 -
lwt_xmit                LWT_XMIT                -                        4.10 -
lwt_seg6local           LWT_SEG6LOCAL           -                        4.18 -
sockops                 SOCK_OPS                CGROUP_SOCK_OPS          4.13 -
sk_skb                  SK_SKB                  -                        4.14 -
sk_skb/stream_parser    SK_SKB                  SK_SKB_STREAM_PARSER     4.14 -
sk_skb/stream_verdict   SK_SKB                  SK_SKB_STREAM_VERDICT    4.14 -
sk_skb/verdict          SK_SKB                  SK_SKB_VERDICT           5.13 -
sk_msg                  SK_MSG                  SK_MSG_VERDICT           4.17 -
lirc_mode2              LIRC_MODE2              LIRC_MODE2               4.18 -
flow_dissector          FLOW_DISSECTOR          FLOW_DISSECTOR           4.20 -
cgroup_skb/ingress      CGROUP_SKB              CGROUP_INET_INGRESS      4.10 -
cgroup_skb/egress       CGROUP_SKB              CGROUP_INET_EGRESS       4.10 -
cgroup/skb              CGROUP_SKB              -                        4.10 -
cgroup/sock             CGROUP_SOCK             CGROUP_INET_SOCK_CREATE  4.10 -
cgroup/sock_create      CGROUP_SOCK             CGROUP_INET_SOCK_CREATE  4.10 -
cgroup/sock_release     CGROUP_SOCK             CGROUP_INET_SOCK_RELEASE 5.9  -
cgroup/post_bind4       CGROUP_SOCK             CGROUP_INET4_POST_BIND   4.17 -
cgroup/post_bind6       CGROUP_SOCK             CGROUP_INET6_POST_BIND   4.17 -
cgroup/bind4            CGROUP_SOCK_ADDR        CGROUP_INET4_BIND        4.17 -
cgroup/bind6            CGROUP_SOCK_ADDR        CGROUP_INET6_BIND        4.17 -
cgroup/connect4         CGROUP_SOCK_ADDR        CGROUP_INET4_CONNECT     4.17 -
cgroup/connect6         CGROUP_SOCK_ADDR        CGROUP_INET6_CONNECT     4.17 -
cgroup/connect_unix     CGROUP_SOCK_ADDR        CGROUP_UNIX_CONNECT      6.7  -
cgroup/sendmsg4         CGROUP_SOCK_ADDR        CGROUP_UDP4_SENDMSG      4.18 -
cgroup/sendmsg6         CGROUP_SOCK_ADDR        CGROUP_UDP6_SENDMSG      4.18 -
cgroup/sendmsg_unix     CGROUP_SOCK_ADDR        CGROUP_UNIX_SENDMSG      6.7  -
cgroup/recvmsg4         CGROUP_SOCK_ADDR        CGROUP_UDP4_RECVMSG      5.2  -
cgroup/recvmsg6         CGROUP_SOCK_ADDR        CGROUP_UDP6_RECVMSG      5.2  -
cgroup/recvmsg_unix     CGROUP_SOCK_ADDR        CGROUP_UNIX_RECVMSG      6.7  -
cgroup/getpeername4     CGROUP_SOCK_ADDR        CGROUP_INET4_GETPEERNAME 5.8  -
cgroup/getpeername6     CGROUP_SOCK_ADDR        CGROUP_INET6_GETPEERNAME 5.8  -
cgroup/getpeername_unix CGROUP_SOCK_ADDR        CGROUP_UNIX_GETPEERNAME  6.7  -
cgroup/getsockname4     CGROUP_SOCK_ADDR        CGROUP_INET4_GETSOCKNAME 5.8  -
cgroup/getsockname6     CGROUP_SOCK_ADDR        CGROUP_INET6_GETSOCKNAME 5.8  -
cgroup/getsockname_unix CGROUP_SOCK_ADDR        CGROUP_UNIX_GETSOCKNAME  6.7  -
cgroup/sysctl           CGROUP_SYSCTL           CGROUP_SYSCTL            5.2  -
cgroup/getsockopt       CGROUP_SOCKOPT          CGROUP_GETSOCKOPT        5.3  -
cgroup/setsockopt       CGROUP_SOCKOPT          CGROUP_SETSOCKOPT        5.3  -
cgroup/dev              CGROUP_DEVICE           CGROUP_DEVICE            4.15 -
struct_ops              STRUCT_OPS              -                        5.6  -
struct_ops.s            STRUCT_OPS              -                        6.3  -
sk_lookup               SK_LOOKUP               SK_LOOKUP                5.9  -
netfilter               NETFILTER               NETFILTER                6.4  -
"""


def _row(line: str) -> tuple[str, SectionKind]:
    prefix, prog_type, attach, since, follows = line.split()
    attach_type = None if attach == "-" else bpf_attach_type["BPF_" + attach]
    major, minor = since.split(".")
    kind = SectionKind(
        prefix,
        bpf_prog_type["BPF_PROG_TYPE_" + prog_type],
        attach_type,
        (int(major), int(minor)),
        "" if follows == "-" else follows,
    )
    return prefix, kind


SECTION_KINDS = dict(map(_row, _TABLE.strip().splitlines()))
"""The kinds of sections, keyed by prefix."""


def section_kind(section: str) -> SectionKind | None:
    """Return the kind of a section, or None if the name matches no prefix."""
    prefix = section.removeprefix("?")
    while prefix not in SECTION_KINDS:
        prefix, slash, _ = prefix.rpartition("/")
        if not slash:
            return None
    return SECTION_KINDS[prefix]


def read_section(section: str) -> SectionName:
    """Parse the name of a program's section."""
    kind = section_kind(section)
    name = section.removeprefix("?")
    attach_to = "" if kind is None else name[len(kind.prefix) :].removeprefix("/")
    return SectionName(name, kind, attach_to, not section.startswith("?"))


def near_sections(section: str) -> list[str]:
    """Return names of known sections that resemble an unknown section name, best match first.

    The attach target is kept if the similar kind also has a target.

    >>> near_sections("xdp-prog1"), near_sections("Kprobe/vfs_read")
    (['xdp'], ['kprobe/vfs_read'])
    >>> near_sections("tracepoin/sched/sched_switch"), near_sections("count")
    (['tracepoint/sched/sched_switch'], [])
    """
    from difflib import get_close_matches  # imported only after an error

    family, slash, target = section.removeprefix("?").partition("/")
    lower = family.lower()
    starts = [
        prefix
        for prefix in SECTION_KINDS
        if lower == prefix or (lower.startswith(prefix) and not lower[len(prefix)].isalnum())
    ]
    near = [max(starts, key=len)] if starts else get_close_matches(lower, SECTION_KINDS, n=1)
    return [prefix + (slash + target if SECTION_KINDS[prefix].follows else "") for prefix in near]
