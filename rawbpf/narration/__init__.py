"""What rawbpf asks of the kernel, told: each call as a line, in bytes, as data, as a script.

capture, draft    words and memory ──> Call        while it happens; all else works on what it kept
made, known       what earlier calls made          descriptors and their names, maps, mappings
layout, pointers  which structure, how much memory
members, line     a structure ──> named values     the call as strace(1) would write it
reasons, look     why it is made now: reasons_bpf and reasons_other have the sentences
dump              every byte, annotated
record            JSON, both ways
replay            the same calls once more, and their differences
script            the same calls, as a program of their own
"""
