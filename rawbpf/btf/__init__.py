"""BTF, the BPF Type Format: the types of the kernel, of its modules and of BPF programs."""
