"""Readers: they map the rings, sleep until there is something, and empty them."""
