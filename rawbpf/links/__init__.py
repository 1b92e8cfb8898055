"""Links: attach loaded programs to probes, and detach them."""
