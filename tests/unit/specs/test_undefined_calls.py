"""The explanation of calls that remain undefined."""

import pytest

from rawbpf.specs.undefined_calls import why_undefined


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bpf_map_lookup_elem", "bpf_helpers.h"),
        ("memcpy", "__builtin_memcpy"),
        ("__multi3", "at most 64 bits"),
        ("__floatsidf", "at most 64 bits"),
        ("printf", "cannot call the C library"),
        ("bpf_rcu_read_lock", "__ksym"),
        ("__my_helper", "define the function in this file"),
    ],
)
def test_the_name_of_a_function_says_what_to_write(name, said):
    assert said in "; ".join(why_undefined(name))
