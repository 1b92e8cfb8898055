import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.kernel.near import near_names

KERNEL = [
    "__x64_sys_read", "__ia32_sys_read", "ksys_read", "vfs_read", "vfs_readv", "do_sys_openat2",
    "__x64_sys_openat", "__x64_sys_clone", "kernel_clone", "tcp_v4_connect", "tcp_v6_connect",
    "tcp_ack.constprop.0", "finish_task_switch.isra.0", "schedule", "__schedule",
    "sk_skb_reason_drop", "zzzz",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("sys_read", "__x64_sys_read"),
        ("__arm64_sys_read", "__x64_sys_read"),
        ("__se_sys_clone", "__x64_sys_clone"),
        ("openat", "__x64_sys_openat"),
        ("do_sys_open", "do_sys_openat2"),
        ("do_fork", "kernel_clone"),
        ("kfree_skb", "sk_skb_reason_drop"),
        ("tcp_ack", "tcp_ack.constprop.0"),
        ("finish_task_switch", "finish_task_switch.isra.0"),
        ("tcp_v4_connect.isra.0", "tcp_v4_connect"),
        ("tcp_v4_conn", "tcp_v4_connect"),
        ("tcp_v4_conect", "tcp_v4_connect"),
        ("vfs_raed", "vfs_read"),
        ("Vfs_read", "vfs_read"),
        ("chedule", "schedule"),
    ],
)
def test_the_intended_name_is_first(name, first):
    assert near_names(name, KERNEL)[0] == first


def test_the_second_suggestion_for_a_system_call():
    assert near_names("sys_read", KERNEL)[:2] == ["__x64_sys_read", "ksys_read"]


@pytest.mark.parametrize("name", ["", "x", "qqqqqqqqqq", "a" * 10_000])
def test_no_similar_name(name):
    assert near_names(name, KERNEL) == []


@given(st.text("abc_.", max_size=12), st.lists(st.text("abc_.", max_size=12)), st.integers(0, 4))
def test_suggestions_are_limited_distinct_and_from_the_list(name, names, n):
    near = near_names(name, names, n)
    assert len(near) <= n
    assert len(set(near)) == len(near)
    assert set(near) <= set(names) - {name}


slips = st.integers(0, 13).flatmap(
    lambda at: st.sampled_from(
        ["tcp_v4_connect"[:at] + new + "tcp_v4_connect"[at + 1 :] for new in ("", "x", "yy")]
    )
)


@given(slips)
def test_one_typing_error_anywhere(name):
    assert "tcp_v4_connect" in near_names(name, KERNEL)


@pytest.mark.parametrize("name", ["", "\n", "x\ny", "\n\n\n", "vfs_read\n"])
def test_names_with_newlines(name):
    assert name not in near_names(name, ["vfs_read", "x", "y"])
