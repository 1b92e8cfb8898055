"""Commands that narrate and replay system calls."""
