"""What BPF_PROG_LOAD asks of each type of program before the verifier begins.

From 5.8 CAP_BPF is needed for all of them (but for two, where the unprivileged may load at all),
CAP_PERFMON for those that see the kernel's memory, CAP_NET_ADMIN for those that change the network.
And some types want to know at once what they will be attached to.

Source: bpf_prog_load() in kernel/bpf/syscall.c, is_net_admin_prog_type() and its neighbours.
"""

from __future__ import annotations

from rawbpf.uapi.bpf import bpf_attach_type, bpf_map_type, bpf_prog_type

__all__ = ["ATTACH_TYPES", "NET_ADMIN", "NET_ADMIN_MAPS", "PERFMON", "TARGETED"]

_P, _A, _M = bpf_prog_type, bpf_attach_type, bpf_map_type

PERFMON = frozenset({
    _P.BPF_PROG_TYPE_KPROBE, _P.BPF_PROG_TYPE_TRACEPOINT, _P.BPF_PROG_TYPE_PERF_EVENT,
    _P.BPF_PROG_TYPE_RAW_TRACEPOINT, _P.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
    _P.BPF_PROG_TYPE_TRACING, _P.BPF_PROG_TYPE_LSM, _P.BPF_PROG_TYPE_STRUCT_OPS,
    _P.BPF_PROG_TYPE_EXT,
})  # fmt: skip

NET_ADMIN = frozenset({
    _P.BPF_PROG_TYPE_SCHED_CLS, _P.BPF_PROG_TYPE_SCHED_ACT, _P.BPF_PROG_TYPE_XDP,
    _P.BPF_PROG_TYPE_LWT_IN, _P.BPF_PROG_TYPE_LWT_OUT, _P.BPF_PROG_TYPE_LWT_XMIT,
    _P.BPF_PROG_TYPE_LWT_SEG6LOCAL, _P.BPF_PROG_TYPE_SK_SKB, _P.BPF_PROG_TYPE_SK_MSG,
    _P.BPF_PROG_TYPE_FLOW_DISSECTOR, _P.BPF_PROG_TYPE_CGROUP_DEVICE,
    _P.BPF_PROG_TYPE_CGROUP_SOCK, _P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
    _P.BPF_PROG_TYPE_CGROUP_SOCKOPT, _P.BPF_PROG_TYPE_CGROUP_SYSCTL, _P.BPF_PROG_TYPE_SOCK_OPS,
    _P.BPF_PROG_TYPE_LIRC_MODE2, _P.BPF_PROG_TYPE_NETFILTER, _P.BPF_PROG_TYPE_EXT,
})  # fmt: skip

NET_ADMIN_MAPS = frozenset({
    _M.BPF_MAP_TYPE_DEVMAP, _M.BPF_MAP_TYPE_DEVMAP_HASH, _M.BPF_MAP_TYPE_SOCKMAP,
    _M.BPF_MAP_TYPE_SOCKHASH, _M.BPF_MAP_TYPE_XSKMAP,
})  # fmt: skip

TARGETED = frozenset({
    _P.BPF_PROG_TYPE_TRACING, _P.BPF_PROG_TYPE_LSM, _P.BPF_PROG_TYPE_STRUCT_OPS,
    _P.BPF_PROG_TYPE_EXT,
})  # fmt: skip
"""Those that may name a type of the kernel by ``attach_btf_id``."""

ATTACH_TYPES: dict[int, tuple[bpf_attach_type, ...]] = {
    _P.BPF_PROG_TYPE_CGROUP_SKB: (_A.BPF_CGROUP_INET_INGRESS, _A.BPF_CGROUP_INET_EGRESS),
    _P.BPF_PROG_TYPE_CGROUP_SOCK: (
        _A.BPF_CGROUP_INET_SOCK_CREATE, _A.BPF_CGROUP_INET_SOCK_RELEASE,
        _A.BPF_CGROUP_INET4_POST_BIND, _A.BPF_CGROUP_INET6_POST_BIND,
    ),
    _P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR: (
        _A.BPF_CGROUP_INET4_BIND, _A.BPF_CGROUP_INET6_BIND,
        _A.BPF_CGROUP_INET4_CONNECT, _A.BPF_CGROUP_INET6_CONNECT, _A.BPF_CGROUP_UNIX_CONNECT,
        _A.BPF_CGROUP_INET4_GETPEERNAME, _A.BPF_CGROUP_INET6_GETPEERNAME,
        _A.BPF_CGROUP_UNIX_GETPEERNAME, _A.BPF_CGROUP_INET4_GETSOCKNAME,
        _A.BPF_CGROUP_INET6_GETSOCKNAME, _A.BPF_CGROUP_UNIX_GETSOCKNAME,
        _A.BPF_CGROUP_UDP4_SENDMSG, _A.BPF_CGROUP_UDP6_SENDMSG, _A.BPF_CGROUP_UNIX_SENDMSG,
        _A.BPF_CGROUP_UDP4_RECVMSG, _A.BPF_CGROUP_UDP6_RECVMSG, _A.BPF_CGROUP_UNIX_RECVMSG,
    ),
    _P.BPF_PROG_TYPE_CGROUP_SOCKOPT: (_A.BPF_CGROUP_GETSOCKOPT, _A.BPF_CGROUP_SETSOCKOPT),
    _P.BPF_PROG_TYPE_SK_LOOKUP: (_A.BPF_SK_LOOKUP,),
    _P.BPF_PROG_TYPE_SK_REUSEPORT: (
        _A.BPF_SK_REUSEPORT_SELECT, _A.BPF_SK_REUSEPORT_SELECT_OR_MIGRATE,
    ),
    _P.BPF_PROG_TYPE_NETFILTER: (_A.BPF_NETFILTER,),
}  # fmt: skip
"""The ``expected_attach_type`` that a type takes; a type that is not here takes any."""
