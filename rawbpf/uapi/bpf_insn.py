"""Constants of the instruction set, and the numbers of helper functions.

An instruction is eight bytes long and, on the architectures that rawbpf supports, little-endian:

    byte   0        1         2    3      4    5    6    7
        +--------+----+----+-------------+---------------------------+
        | opcode |src |dst |     off     |            imm            |
        +--------+----+----+-------------+---------------------------+
           u8     u4   u4       s16                  s32

The load of a 64-bit constant (`BPF_LD | BPF_IMM | BPF_DW`) is sixteen bytes long. The second half
of the load is all 0 except for imm, which contains the upper 32 bits of the constant.

>>> instruction_class(0x1D) == BPF_JMP, operation(0x1D) == BPF_JEQ, uses_register(0x1D)
(True, True, True)
>>> size_in_bytes(BPF_LDX | BPF_MEM | BPF_W)
4

The low three bits of the opcode are the class, which determines the meaning of the other bits.

    arithmetic and jumps                    loads and stores

      7   6   5   4   3   2   1   0           7   6   5   4   3   2   1   0
    +---+---+---+---+---+---+---+---+       +---+---+---+---+---+---+---+---+
    |   operation   |src|   class   |       |   mode    | size  |   class   |
    +---+---+---+---+---+---+---+---+       +---+---+---+---+---+---+---+---+
                      |
                      0 (K): the second operand is imm
                      1 (X): the second operand is the src register

Helpers are kernel functions that a program calls by number. Helper numbers are never reused, and
helpers are numbered in the order in which they were merged, so the list below gives both the number
and the kernel version. In 2022, the kernel stopped adding helpers at number 211. New kernel
functions are added as kfuncs, which are called by BTF ID.

Sources: include/uapi/linux/bpf_common.h, include/uapi/linux/bpf.h and RFC 9669.

>>> HELPERS["ktime_get_ns"]
Helper(number=5, name='ktime_get_ns', kernel='4.1')
>>> HELPER_NAMES[25]
'perf_event_output'
"""

from __future__ import annotations

from rawbpf.light_typing import TYPE_CHECKING, NamedTuple

# ── class: bits 0-2 ──────────────────────────────────────────────────────────────────────────
BPF_LD = 0x00  # constants, and the packet access inherited from classic BPF
BPF_LDX = 0x01  # memory to register
BPF_ST = 0x02  # imm to memory
BPF_STX = 0x03  # stores of a register to memory, and atomic operations
BPF_ALU = 0x04  # 32-bit arithmetic, which clears the upper half of dst
BPF_JMP = 0x05  # 64-bit comparisons and jumps, calls and exit
BPF_JMP32 = 0x06  # 32-bit comparisons and jumps (Linux 5.1)
BPF_ALU64 = 0x07  # 64-bit arithmetic

# ── source: bit 3 of arithmetic and jumps ────────────────────────────────────────────────────
BPF_K = 0x00
BPF_X = 0x08

# ── operation: bits 4-7 of arithmetic ────────────────────────────────────────────────────────
BPF_ADD = 0x00
BPF_SUB = 0x10
BPF_MUL = 0x20
BPF_DIV = 0x30  # unsigned if off is 0, signed if off is 1 (Linux 6.6)
BPF_OR = 0x40
BPF_AND = 0x50
BPF_LSH = 0x60
BPF_RSH = 0x70
BPF_NEG = 0x80
BPF_MOD = 0x90  # unsigned if off is 0, signed if off is 1 (Linux 6.6)
BPF_XOR = 0xA0
BPF_MOV = 0xB0  # copies if off is 0; sign-extends if off is 8, 16 or 32 (Linux 6.6)
BPF_ARSH = 0xC0
BPF_END = 0xD0  # byte swap; imm is the width in bits

# ── BPF_END: meaning of the source bit ─────────────────────────────────────────────────────
BPF_TO_LE = 0x00
BPF_TO_BE = 0x08

# ── operation: bits 4-7 of jumps ─────────────────────────────────────────────────────────────
BPF_JA = 0x00  # the jump offset is off in JMP and imm in JMP32 (Linux 6.6)
BPF_JEQ = 0x10
BPF_JGT = 0x20
BPF_JGE = 0x30
BPF_JSET = 0x40
BPF_JNE = 0x50
BPF_JSGT = 0x60
BPF_JSGE = 0x70
BPF_CALL = 0x80
BPF_EXIT = 0x90
BPF_JLT = 0xA0  # JLT, JLE, JSLT and JSLE were added in Linux 4.14
BPF_JLE = 0xB0
BPF_JSLT = 0xC0
BPF_JSLE = 0xD0
BPF_JCOND = 0xE0  # may_goto: jumps when the limit on iterations is reached (Linux 6.9)

# ── size: bits 3-4 of loads and stores ───────────────────────────────────────────────────────
BPF_W = 0x00  # 4 bytes
BPF_H = 0x08  # 2 bytes
BPF_B = 0x10  # 1 byte
BPF_DW = 0x18  # 8 bytes

# ── mode: bits 5-7 of loads and stores ───────────────────────────────────────────────────────
BPF_IMM = 0x00  # the 64-bit constant, only with class LD and size DW
BPF_ABS = 0x20  # packet bytes at offset imm, class LD
BPF_IND = 0x40  # packet bytes at offset src + imm, class LD
BPF_MEM = 0x60  # memory at address register + off
BPF_MEMSX = 0x80  # sign-extending load, class LDX (Linux 6.6)
BPF_ATOMIC = 0xC0  # atomic operation, class STX; imm selects the operation

# ── imm of BPF_ATOMIC ────────────────────────────────────────────────────────────────────────
BPF_FETCH = 0x01  # src receives the old value (Linux 5.12)
BPF_XCHG = 0xE0 | BPF_FETCH
BPF_CMPXCHG = 0xF0 | BPF_FETCH  # compares memory with r0; r0 always receives the old value
BPF_LOAD_ACQ = 0x100  # Linux 6.15
BPF_STORE_REL = 0x110  # Linux 6.15

# ── src of the 64-bit constant: meaning of imm ───────────────────────────────────────────────
BPF_PSEUDO_MAP_FD = (
    1  # a map's file descriptor, which the kernel replaces with the address of the map
)
BPF_PSEUDO_MAP_VALUE = 2  # a map's file descriptor; the upper half is an offset into its value
BPF_PSEUDO_BTF_ID = 3  # a kernel variable, given by its BTF ID
BPF_PSEUDO_FUNC = 4  # a function of this program, given by its offset, for callbacks
BPF_PSEUDO_MAP_IDX = 5  # an index into the fd_array passed to BPF_PROG_LOAD (Linux 5.14)
BPF_PSEUDO_MAP_IDX_VALUE = 6

# ── src of BPF_CALL: meaning of imm; 0 is a helper's number ──────────────────────────────────
BPF_PSEUDO_CALL = 1  # a function of this program, given by its offset
BPF_PSEUDO_KFUNC_CALL = 2  # a kernel function, given by its BTF ID; off is an index into fd_array

# ── off of BPF_ALU64 | BPF_MOV | BPF_X ───────────────────────────────────────────────────────
BPF_ADDR_SPACE_CAST = 1  # converts between an arena's addresses and the kernel's (Linux 6.9)

MAX_BPF_REG = 11
BPF_REG_FP = 10  # the frame pointer, which is read-only
MAX_BPF_STACK = 512
BPF_COMPLEXITY_LIMIT_INSNS = 1_000_000


# ── taking an opcode apart ───────────────────────────────────────────────────────────────────
SIZES = {BPF_B: 1, BPF_H: 2, BPF_W: 4, BPF_DW: 8}
"""Maps the size field of a load or store to a number of bytes."""


def instruction_class(opcode: int) -> int:
    """Return bits 0-2 of the opcode, such as BPF_LD. BPF_ALU64."""
    return opcode & 0x07


def operation(opcode: int) -> int:
    """Return bits 4-7 of an arithmetic or jump opcode, such as BPF_ADD or BPF_JEQ."""
    return opcode & 0xF0


def uses_register(opcode: int) -> bool:
    """Return bit 3 of an arithmetic or jump opcode.

    This bit is set if the second operand is the src register.
    """
    return bool(opcode & BPF_X)


def size(opcode: int) -> int:
    """Return bits 3-4 of a load or store opcode: BPF_B, BPF_H, BPF_W or BPF_DW."""
    return opcode & 0x18


def size_in_bytes(opcode: int) -> int:
    """Return the number of bytes that a load or store accesses."""
    return SIZES[size(opcode)]


def mode(opcode: int) -> int:
    """Return bits 5-7 of a load or store opcode, such as BPF_IMM, BPF_ABS, BPF_MEM or BPF_MEMSX."""
    return opcode & 0xE0


class Helper(NamedTuple):
    """A helper function.

    ``number`` is BPF_FUNC_<name>, and ``kernel`` is the first version that supports the helper.
    """

    number: int
    name: str
    kernel: str


_ADDED_IN = {
    "3.19": "map_lookup_elem map_update_elem map_delete_elem",
    "4.1": (
        "probe_read ktime_get_ns trace_printk get_prandom_u32 get_smp_processor_id "
        "skb_store_bytes l3_csum_replace l4_csum_replace"
    ),
    "4.2": "tail_call clone_redirect get_current_pid_tgid get_current_uid_gid get_current_comm",
    "4.3": (
        "get_cgroup_classid skb_vlan_push skb_vlan_pop skb_get_tunnel_key skb_set_tunnel_key "
        "perf_event_read"
    ),
    "4.4": "redirect get_route_realm perf_event_output",
    "4.5": "skb_load_bytes",
    "4.6": "get_stackid csum_diff skb_get_tunnel_opt skb_set_tunnel_opt",
    "4.8": (
        "skb_change_proto skb_change_type skb_under_cgroup get_hash_recalc get_current_task "
        "probe_write_user"
    ),
    "4.9": "current_task_under_cgroup skb_change_tail skb_pull_data csum_update set_hash_invalid",
    "4.10": "get_numa_node_id skb_change_head xdp_adjust_head",
    "4.11": "probe_read_str",
    "4.12": "get_socket_cookie get_socket_uid",
    "4.13": "set_hash setsockopt skb_adjust_room",
    "4.14": "redirect_map sk_redirect_map sock_map_update",
    "4.15": "xdp_adjust_meta perf_event_read_value perf_prog_read_value getsockopt",
    "4.16": "override_return sock_ops_cb_flags_set",
    "4.17": "msg_redirect_map msg_apply_bytes msg_cork_bytes msg_pull_data bind",
    "4.18": (
        "xdp_adjust_tail skb_get_xfrm_state get_stack skb_load_bytes_relative fib_lookup "
        "sock_hash_update msg_redirect_hash sk_redirect_hash lwt_push_encap "
        "lwt_seg6_store_bytes lwt_seg6_adjust_srh lwt_seg6_action rc_repeat rc_keydown "
        "skb_cgroup_id get_current_cgroup_id"
    ),
    "4.19": "get_local_storage sk_select_reuseport skb_ancestor_cgroup_id",
    "4.20": (
        "sk_lookup_tcp sk_lookup_udp sk_release map_push_elem map_pop_elem map_peek_elem "
        "msg_push_data"
    ),
    "5.0": "msg_pop_data rc_pointer_rel",
    "5.1": "spin_lock spin_unlock sk_fullsock tcp_sock skb_ecn_set_ce get_listener_sock",
    "5.2": (
        "skc_lookup_tcp tcp_check_syncookie sysctl_get_name sysctl_get_current_value "
        "sysctl_get_new_value sysctl_set_new_value strtol strtoul sk_storage_get "
        "sk_storage_delete"
    ),
    "5.3": "send_signal tcp_gen_syncookie",
    "5.5": "skb_output probe_read_user probe_read_kernel probe_read_user_str probe_read_kernel_str",
    "5.6": "tcp_send_ack send_signal_thread jiffies64",
    "5.7": (
        "read_branch_records get_ns_current_pid_tgid xdp_output get_netns_cookie "
        "get_current_ancestor_cgroup_id sk_assign"
    ),
    "5.8": (
        "ktime_get_boot_ns seq_printf seq_write sk_cgroup_id sk_ancestor_cgroup_id "
        "ringbuf_output ringbuf_reserve ringbuf_submit ringbuf_discard ringbuf_query "
        "csum_level"
    ),
    "5.9": (
        "skc_to_tcp6_sock skc_to_tcp_sock skc_to_tcp_timewait_sock skc_to_tcp_request_sock "
        "skc_to_udp6_sock get_task_stack"
    ),
    "5.10": (
        "load_hdr_opt store_hdr_opt reserve_hdr_opt inode_storage_get inode_storage_delete "
        "d_path copy_from_user snprintf_btf seq_printf_btf skb_cgroup_classid redirect_neigh "
        "per_cpu_ptr this_cpu_ptr redirect_peer"
    ),
    "5.11": (
        "task_storage_get task_storage_delete get_current_task_btf bprm_opts_set "
        "ktime_get_coarse_ns ima_inode_hash sock_from_file"
    ),
    "5.12": "check_mtu",
    "5.13": "for_each_map_elem snprintf",
    "5.14": "sys_bpf btf_find_by_name_kind sys_close",
    "5.15": (
        "timer_init timer_set_callback timer_start timer_cancel get_func_ip get_attach_cookie "
        "task_pt_regs"
    ),
    "5.16": "get_branch_snapshot trace_vprintk skc_to_unix_sock kallsyms_lookup_name",
    "5.17": "find_vma loop strncmp get_func_arg get_func_ret get_func_arg_cnt",
    "5.18": (
        "get_retval set_retval xdp_get_buff_len xdp_load_bytes xdp_store_bytes "
        "copy_from_user_task skb_set_tstamp ima_file_hash"
    ),
    "5.19": (
        "kptr_xchg map_lookup_percpu_elem skc_to_mptcp_sock dynptr_from_mem "
        "ringbuf_reserve_dynptr ringbuf_submit_dynptr ringbuf_discard_dynptr dynptr_read "
        "dynptr_write dynptr_data"
    ),
    "6.0": (
        "tcp_raw_gen_syncookie_ipv4 tcp_raw_gen_syncookie_ipv6 tcp_raw_check_syncookie_ipv4 "
        "tcp_raw_check_syncookie_ipv6"
    ),
    "6.1": "ktime_get_tai_ns user_ringbuf_drain",
    "6.2": "cgrp_storage_get cgrp_storage_delete",
}


HELPER_NUMBERS = {name: at for at, name in enumerate(" ".join(_ADDED_IN.values()).split(), 1)}
"""Maps each helper's name, without BPF_FUNC_ or bpf_, to its number."""

HELPER_NAMES = {number: name for name, number in HELPER_NUMBERS.items()}
"""Maps each helper's number to its name."""

if TYPE_CHECKING:
    HELPERS: dict[str, Helper]
    """Maps each helper's name, without BPF_FUNC_ or bpf_, to its table entry."""


def __getattr__(name: str) -> dict[str, Helper]:
    """Create HELPERS on first use.

    Code that only builds a program needs the numbers, but not this table.
    """
    if name != "HELPERS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    kernels = {name: kernel for kernel, names in _ADDED_IN.items() for name in names.split()}
    made = {name: Helper(at, name, kernels[name]) for name, at in HELPER_NUMBERS.items()}
    globals()["HELPERS"] = made
    return made
