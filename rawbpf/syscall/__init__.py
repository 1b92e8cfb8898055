"""The kernel line: everything that enters the kernel passes through ``gate``.

Above it, one thin function a command. They know the shape of a call and nothing of why it is made.
"""
