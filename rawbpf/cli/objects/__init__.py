"""Commands for object files, bytecode and BTF."""
