"""Capabilities, and the capabilities that BPF_PROG_LOAD requires for each program type.

Capabilities divide root's privileges into 41 parts. CAP_PERFMON and CAP_BPF (both 5.8) were split
off from CAP_SYS_ADMIN, which still includes them.

Since 5.8, loading requires CAP_BPF for all program types (except two that unprivileged users may be
permitted to load), CAP_PERFMON for types that can read kernel memory, and CAP_NET_ADMIN for types
that affect networking. Some program types also require the attach type or target at load time.

Sources: <linux/capability.h>; bpf_prog_load() and is_net_admin_prog_type() in kernel/bpf/syscall.c.

>>> CAPABILITIES.index("CAP_BPF")
39
"""

from __future__ import annotations

from rawbpf.uapi.bpf import bpf_attach_type, bpf_map_type, bpf_prog_type

__all__ = [
    "ATTACH_TYPES",
    "CAPABILITIES",
    "NET_ADMIN",
    "NET_ADMIN_MAPS",
    "PERFMON",
    "TARGETED",
]

CAPABILITIES = (
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER",
    "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
    "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER",
    "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD",
    "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
)  # fmt: skip
"""The names of the capabilities, in the order of their bit numbers."""


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
"""Program types that accept a kernel function or type in ``attach_btf_id``."""

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
"""Maps each program type to the valid values of ``expected_attach_type``.

A program type that is not listed accepts any value."""
