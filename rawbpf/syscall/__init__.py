"""System calls, with one thin function per command on top of the gate.

All system calls are made through ``gate``. The functions know the arguments of a call but not the
reason for it.
"""
