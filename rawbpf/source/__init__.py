"""Programs as source code: assembly (`.bpf.s`) to specs, and C to objects."""
