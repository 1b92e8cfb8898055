"""The BPF Type Format: the kernel's own description of its types, and a program's of its."""
