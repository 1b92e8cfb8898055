"""How each tool in libbpf-tools chooses and attaches its programs.

Before loading, a tool tells libbpf where to attach some of its programs, and which of two variants
to use, for example a trampoline or a kprobe. The tests try all variants. ``REFUSED`` lists what
kernels of Debian releases lack, and ``SAYS`` what the tool itself prints there.
"""

from typing import NamedTuple

__all__ = ["REFUSED", "SAYS", "Says", "places"]

OLD, NEW = "6.1", "6.12"
BOTH = (OLD, NEW)

_FILE_OPERATIONS = ("file_read", "file_write", "file_open", "file_sync", "getattr")
_OPERATIONS = {
    "ext4": "file_read_iter file_write_iter file_open sync_file file_getattr",
    "xfs": "file_read_iter file_write_iter file_open file_fsync -",
    "btrfs": "file_read_iter file_write_iter file_open sync_file -",
    "nfs": "file_read file_write file_open file_fsync getattr",
}
"""Functions of a file system that fsdist and fsslower hook, without its prefix; "-": none."""

_PLACES = {
    # The guest has no bash, so bash's readline cannot be probed.
    "bashreadline": {"printret": "libc.so.6:getenv"},
    "biotop": {
        "blk_account_io_start": "blk_account_io_start",
        "blk_account_io_done": "blk_account_io_done",
    },
    "funclatency": {"dummy_kprobe": "vfs_read", "dummy_kretprobe": "vfs_read"},
    "gethostlatency": {
        "handle_entry": "libc.so.6:getaddrinfo",
        "handle_return": "libc.so.6:getaddrinfo",
    },
    "ksnoop": {"kprobe_entry": "vfs_read", "kprobe_return": "vfs_read"},
}


def places(tool: str, programs: list[str]) -> dict[str, str]:
    """Return attach targets for programs whose section has none. "-": not loaded by the tool."""
    kind, slower, _ = tool.partition("slower")
    kind, dist, _ = (kind, slower, "") if slower else tool.partition("dist")
    if kind == "fs":
        kind = "ext4"  # the tool selects the file system with -t
    if not (slower or dist) or kind not in _OPERATIONS:
        return _PLACES.get(tool, {})
    functions = dict(zip(_FILE_OPERATIONS, _OPERATIONS[kind].split(), strict=True))
    found = {name: functions[name.rpartition("_")[0]] for name in programs}
    return {name: one if one == "-" else f"{kind}_{one}" for name, one in found.items()}


_NO_FUNCTION = r"no function '{0}'|{0}: no such function"
_NOTRACE = r"ftrace cannot hook {0}|cannot attach to .*{0}: .*notrace"
_USDT = r"cannot attach to usdt: "


def _absent(function: str) -> str:
    return _NO_FUNCTION.format(function)


def _closed(function: str) -> str:
    return _NOTRACE.format(function)


REFUSED: dict[str, dict[str, dict[str, str]]] = {
    "bindsnoop": {
        "ipv4_bind_exit": {NEW: r"struct inet_sock has no member freebind"},
        "ipv6_bind_exit": {NEW: r"struct inet_sock has no member freebind"},
    },
    "biosnoop": {
        "blk_account_io_start": {
            OLD: _absent("blk_account_io_start"),
            NEW: _closed("blk_account_io_start"),
        },
        "blk_account_io_merge_bio": {NEW: _absent("blk_account_io_merge_bio")},
        # The program reads a request from memory where a helper stored a pointer as a number.
        "block_rq_complete": dict.fromkeys(BOTH, r"r1 is used as an address, but it is a scalar"),
    },
    "biostacks": {
        "blk_account_io_start": {
            OLD: _absent("blk_account_io_start"),
            NEW: _closed("blk_account_io_start"),
        },
        "blk_account_io_merge_bio": {NEW: _absent("blk_account_io_merge_bio")},
        "blk_account_io_done": dict.fromkeys(BOTH, _closed("blk_account_io_done")),
    },
    "biotop": {
        "blk_account_io_start": {
            OLD: _absent("blk_account_io_start"),
            NEW: _closed("blk_account_io_start"),
        },
        "blk_account_io_done": dict.fromkeys(BOTH, _closed("blk_account_io_done")),
    },
    "cachestat": {"account_page_dirtied": dict.fromkeys(BOTH, _absent("account_page_dirtied"))},
    "javagc": {
        name: dict.fromkeys(BOTH, _USDT)
        for name in (
            "handle_gc_start", "handle_gc_end", "handle_mem_pool_gc_start", "handle_mem_pool_gc_end"
        )
    },
    "mdflush": {"md_flush_request": dict.fromkeys(BOTH, _absent("md_flush_request"))},
    "numamove": {
        "migrate_misplaced_page": {NEW: _absent("migrate_misplaced_page")},
        "migrate_misplaced_page_exit": {NEW: _absent("migrate_misplaced_page")},
    },
    "readahead": {
        "do_page_cache_ra": dict.fromkeys(BOTH, _absent("do_page_cache_ra")),
        "do_page_cache_ra_ret": dict.fromkeys(BOTH, _absent("do_page_cache_ra")),
        "page_cache_alloc_ret": dict.fromkeys(BOTH, _absent("__page_cache_alloc")),
    },
    "slabratetop": {"kmem_cache_alloc": {NEW: _absent("kmem_cache_alloc")}},
    "tcpsynbl": {
        "tcp_v4_syn_recv": {OLD: r"takes more arguments than a trampoline"},
        "tcp_v6_syn_recv": {OLD: r"takes more arguments than a trampoline"},
    },
}  # fmt: skip
"""Patterns for the error, by tool, program and kernel. The test adds the file systems."""


class Says(NamedTuple):
    """The arguments of a tool, and what it prints when it fails, for each kernel."""

    words: tuple[str, ...]
    says: dict[str, str]


SAYS = {
    "bindsnoop": Says((), {NEW: r"prog 'ipv4_bind_exit'"}),
    "biosnoop": Says(
        ("1",),
        {OLD: r"type ID of 'blk_account_io_start'", NEW: r"prog 'block_rq_complete': .*failed"},
    ),
    "biostacks": Says(
        ("1",),
        {OLD: r"type ID of 'blk_account_io_start'", NEW: r"blk_account_io_start: .* busy"},
    ),
    "biotop": Says(
        ("1", "1"), dict.fromkeys(BOTH, r"failed to create kprobe 'blk_account_io_start")
    ),
    "cachestat": Says(("1", "1"), dict.fromkeys(BOTH, r"type ID of 'account_page_dirtied'")),
    "mdflush": Says((), dict.fromkeys(BOTH, r"type ID of 'md_flush_request'")),
    "numamove": Says((), {NEW: r"type ID of 'migrate_misplaced_page'"}),
    "readahead": Says(("-d", "1"), dict.fromkeys(BOTH, r"attach target for do_page_cache_ra")),
    "slabratetop": Says(("1", "1"), {NEW: r"failed to create kprobe 'kmem_cache_alloc"}),
    "xfsslower": Says((), dict.fromkeys(BOTH, r"failed to create kprobe 'xfs_file_read_iter")),
    "xfsdist": Says((), dict.fromkeys(BOTH, r"failed to create kprobe 'xfs_file_read_iter")),
    "btrfsslower": Says((), dict.fromkeys(BOTH, r"failed to create kprobe 'btrfs_file_read_iter")),
    "btrfsdist": Says((), dict.fromkeys(BOTH, r"failed to create kprobe 'btrfs_file_read_iter")),
    "nfsslower": Says((), dict.fromkeys(BOTH, r"failed to create kprobe 'nfs_file_read")),
    "nfsdist": Says((), dict.fromkeys(BOTH, r"failed to create kprobe 'nfs_file_read")),
}
"""Tools that fail. Others fall back to a variant of the program; tcpsynbl uses kprobes."""
