"""Run bpftool to compare its output with ours."""

import json
import subprocess

from tests.support.peers import peer


def bpftool(*words: str):
    """Run bpftool with --json and return what it prints."""
    done = subprocess.run(
        [peer("bpftool"), "--json", *words], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def raw(words: list[str]) -> bytes:
    """Convert bytes that bpftool prints as ["0x01", ...]."""
    return bytes(int(word, 16) for word in words)


def instruction_bytes(opcodes: dict) -> bytes:
    """Return one instruction of `prog dump xlated ... opcodes`; wide ones have two slots."""
    registers = int(opcodes["src_reg"], 16) << 4 | int(opcodes["dst_reg"], 16)
    first = bytes([int(opcodes["code"], 16), registers])
    return first + raw(opcodes["off"]) + raw(opcodes["imm"])
