"""`.bpf.s` files: programs, maps and data as text, assembled into specs."""
