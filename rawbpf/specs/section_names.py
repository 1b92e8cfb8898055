"""What a program's section name says of it: ``kprobe/do_exit`` is a KPROBE program.

The convention is libbpf's, kept here so that objects mean the same to both. What follows the slash
says where to attach. The longest prefix that fits wins.

>>> section_kind("kprobe/do_exit").prog_type.name
'BPF_PROG_TYPE_KPROBE'
>>> section_kind("fexit/do_exit").attach_type.name
'BPF_TRACE_FEXIT'
>>> section_kind("kprobes") is None
True
"""

from __future__ import annotations

from typing import NamedTuple

from rawbpf.uapi.bpf import bpf_attach_type, bpf_prog_type

__all__ = ["SectionKind", "section_kind"]


class SectionKind(NamedTuple):
    """The program type, and the attach type if loading needs one."""

    prog_type: bpf_prog_type
    attach_type: bpf_attach_type | None


_TABLE = """
socket                SOCKET_FILTER
sk_reuseport          SK_REUSEPORT             SK_REUSEPORT_SELECT
sk_reuseport/migrate  SK_REUSEPORT             SK_REUSEPORT_SELECT_OR_MIGRATE
kprobe                KPROBE
kretprobe             KPROBE
kprobe.multi          KPROBE                   TRACE_KPROBE_MULTI
kretprobe.multi       KPROBE                   TRACE_KPROBE_MULTI
kprobe.session        KPROBE                   TRACE_KPROBE_SESSION
ksyscall              KPROBE
kretsyscall           KPROBE
uprobe                KPROBE
uprobe.s              KPROBE
uretprobe             KPROBE
uretprobe.s           KPROBE
uprobe.multi          KPROBE                   TRACE_UPROBE_MULTI
uprobe.multi.s        KPROBE                   TRACE_UPROBE_MULTI
uretprobe.multi       KPROBE                   TRACE_UPROBE_MULTI
uretprobe.multi.s     KPROBE                   TRACE_UPROBE_MULTI
uprobe.session        KPROBE                   TRACE_UPROBE_SESSION
uprobe.session.s      KPROBE                   TRACE_UPROBE_SESSION
usdt                  KPROBE
usdt.s                KPROBE
tc                    SCHED_CLS
tc/ingress            SCHED_CLS                TCX_INGRESS
tc/egress             SCHED_CLS                TCX_EGRESS
tcx/ingress           SCHED_CLS                TCX_INGRESS
tcx/egress            SCHED_CLS                TCX_EGRESS
classifier            SCHED_CLS
action                SCHED_ACT
netkit/primary        SCHED_CLS                NETKIT_PRIMARY
netkit/peer           SCHED_CLS                NETKIT_PEER
tp                    TRACEPOINT
tracepoint            TRACEPOINT
raw_tp                RAW_TRACEPOINT
raw_tracepoint        RAW_TRACEPOINT
raw_tp.w              RAW_TRACEPOINT_WRITABLE
raw_tracepoint.w      RAW_TRACEPOINT_WRITABLE
tp_btf                TRACING                  TRACE_RAW_TP
fentry                TRACING                  TRACE_FENTRY
fentry.s              TRACING                  TRACE_FENTRY
fexit                 TRACING                  TRACE_FEXIT
fexit.s               TRACING                  TRACE_FEXIT
fmod_ret              TRACING                  MODIFY_RETURN
fmod_ret.s            TRACING                  MODIFY_RETURN
iter                  TRACING                  TRACE_ITER
iter.s                TRACING                  TRACE_ITER
freplace              EXT
lsm                   LSM                      LSM_MAC
lsm.s                 LSM                      LSM_MAC
lsm_cgroup            LSM                      LSM_CGROUP
syscall               SYSCALL
xdp                   XDP                      XDP
xdp.frags             XDP                      XDP
xdp/devmap            XDP                      XDP_DEVMAP
xdp.frags/devmap      XDP                      XDP_DEVMAP
xdp/cpumap            XDP                      XDP_CPUMAP
xdp.frags/cpumap      XDP                      XDP_CPUMAP
perf_event            PERF_EVENT
lwt_in                LWT_IN
lwt_out               LWT_OUT
lwt_xmit              LWT_XMIT
lwt_seg6local         LWT_SEG6LOCAL
sockops               SOCK_OPS                 CGROUP_SOCK_OPS
sk_skb                SK_SKB
sk_skb/stream_parser  SK_SKB                   SK_SKB_STREAM_PARSER
sk_skb/stream_verdict SK_SKB                   SK_SKB_STREAM_VERDICT
sk_skb/verdict        SK_SKB                   SK_SKB_VERDICT
sk_msg                SK_MSG                   SK_MSG_VERDICT
lirc_mode2            LIRC_MODE2               LIRC_MODE2
flow_dissector        FLOW_DISSECTOR           FLOW_DISSECTOR
cgroup_skb/ingress    CGROUP_SKB               CGROUP_INET_INGRESS
cgroup_skb/egress     CGROUP_SKB               CGROUP_INET_EGRESS
cgroup/skb            CGROUP_SKB
cgroup/sock           CGROUP_SOCK              CGROUP_INET_SOCK_CREATE
cgroup/sock_create    CGROUP_SOCK              CGROUP_INET_SOCK_CREATE
cgroup/sock_release   CGROUP_SOCK              CGROUP_INET_SOCK_RELEASE
cgroup/post_bind4     CGROUP_SOCK              CGROUP_INET4_POST_BIND
cgroup/post_bind6     CGROUP_SOCK              CGROUP_INET6_POST_BIND
cgroup/bind4          CGROUP_SOCK_ADDR         CGROUP_INET4_BIND
cgroup/bind6          CGROUP_SOCK_ADDR         CGROUP_INET6_BIND
cgroup/connect4       CGROUP_SOCK_ADDR         CGROUP_INET4_CONNECT
cgroup/connect6       CGROUP_SOCK_ADDR         CGROUP_INET6_CONNECT
cgroup/connect_unix   CGROUP_SOCK_ADDR         CGROUP_UNIX_CONNECT
cgroup/sendmsg4       CGROUP_SOCK_ADDR         CGROUP_UDP4_SENDMSG
cgroup/sendmsg6       CGROUP_SOCK_ADDR         CGROUP_UDP6_SENDMSG
cgroup/sendmsg_unix   CGROUP_SOCK_ADDR         CGROUP_UNIX_SENDMSG
cgroup/recvmsg4       CGROUP_SOCK_ADDR         CGROUP_UDP4_RECVMSG
cgroup/recvmsg6       CGROUP_SOCK_ADDR         CGROUP_UDP6_RECVMSG
cgroup/recvmsg_unix   CGROUP_SOCK_ADDR         CGROUP_UNIX_RECVMSG
cgroup/getpeername4   CGROUP_SOCK_ADDR         CGROUP_INET4_GETPEERNAME
cgroup/getpeername6   CGROUP_SOCK_ADDR         CGROUP_INET6_GETPEERNAME
cgroup/getpeername_unix CGROUP_SOCK_ADDR       CGROUP_UNIX_GETPEERNAME
cgroup/getsockname4   CGROUP_SOCK_ADDR         CGROUP_INET4_GETSOCKNAME
cgroup/getsockname6   CGROUP_SOCK_ADDR         CGROUP_INET6_GETSOCKNAME
cgroup/getsockname_unix CGROUP_SOCK_ADDR       CGROUP_UNIX_GETSOCKNAME
cgroup/sysctl         CGROUP_SYSCTL            CGROUP_SYSCTL
cgroup/getsockopt     CGROUP_SOCKOPT           CGROUP_GETSOCKOPT
cgroup/setsockopt     CGROUP_SOCKOPT           CGROUP_SETSOCKOPT
cgroup/dev            CGROUP_DEVICE            CGROUP_DEVICE
struct_ops            STRUCT_OPS
struct_ops.s          STRUCT_OPS
sk_lookup             SK_LOOKUP                SK_LOOKUP
netfilter             NETFILTER                NETFILTER
"""


def _row(line: str) -> tuple[str, SectionKind]:
    prefix, prog_type, *attach = line.split()
    attach_type = bpf_attach_type["BPF_" + attach[0]] if attach else None
    return prefix, SectionKind(bpf_prog_type["BPF_PROG_TYPE_" + prog_type], attach_type)


_KINDS = dict(map(_row, _TABLE.strip().splitlines()))


def section_kind(section: str) -> SectionKind | None:
    """The kind of program in a section of this name, or None when the name says nothing."""
    prefix = section
    while prefix not in _KINDS:
        prefix, slash, _ = prefix.rpartition("/")
        if not slash:
            return None
    return _KINDS[prefix]
