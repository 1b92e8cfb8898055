"""Recorded calls as a Python script that needs no rawbpf."""
