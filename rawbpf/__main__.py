"""``python -m rawbpf``."""

from rawbpf.cli.main import entry

if __name__ == "__main__":
    entry()
