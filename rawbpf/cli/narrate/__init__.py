"""Commands for system call narration and replay."""
