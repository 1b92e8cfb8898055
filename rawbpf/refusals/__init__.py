"""Explain failed loads for which there is no verifier log.

BPF_PROG_LOAD writes a log once the verifier has started. Everything that is checked before, and all
of BPF_MAP_CREATE, only returns an errno. BPF_BTF_LOAD has a log of its own. `failed_call.py` holds
the call that failed and can repeat it with changes, `rules/` has the reasons, and `types_log.py`
reads the log of BPF_BTF_LOAD. None of this is imported before a call has failed.
"""
