"""What the kernel refuses before any verifier has a word: an errno, explained.

BPF_PROG_LOAD has a log, once its verifier has begun; everything that is checked before, and all of
BPF_MAP_CREATE, is answered by a number. BPF_BTF_LOAD has a log of its own. `asked.py` has the call
that was refused, and asks the kernel what it would say to another one; `rules/` holds one idea a
file, `types/` what the log of BPF_BTF_LOAD means. Nothing of this is imported before a call failed.
"""
