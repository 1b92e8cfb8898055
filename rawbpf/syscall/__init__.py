"""System calls, with one thin function per command on top of the gate.

All system calls enter the kernel through ``gate``. The functions know a call's arguments but not
the reason for the call.
"""
