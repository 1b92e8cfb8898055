"""Explain failed loads for which there is no verifier log.

BPF_PROG_LOAD writes a log once the verifier has started. Checks that run before the verifier, and
all of BPF_MAP_CREATE, only return an errno. BPF_BTF_LOAD writes a separate log. `failed_call.py`
holds the call that failed and can repeat it with changes, `rules/` has the reasons, and
`types_log.py` reads the log of BPF_BTF_LOAD. These modules are imported only after a call has
failed.
"""
