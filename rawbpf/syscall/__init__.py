"""System calls: one thin function for each command, on top of the gate.

All calls enter the kernel through ``gate``. The functions know the arguments of a call, but not the
reason for it.
"""
