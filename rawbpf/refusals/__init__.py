"""Explain failed loads for which no verifier log exists.

BPF_PROG_LOAD writes a log once the verifier has started. Checks that run before the verifier, and
all of BPF_MAP_CREATE, only return an errno. BPF_BTF_LOAD writes a separate log. `failed_call.py`
represents the failed call and can repeat it with changes, `rules/` contains the possible reasons,
and `types_log.py` reads the log of BPF_BTF_LOAD. These modules are imported only after a call has
failed.
"""
