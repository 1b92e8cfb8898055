"""What bpftool says of the kernel's objects, to compare with."""

import json
import subprocess

from tests.support.peers import peer


def bpftool(*words: str):
    """Its answer to a question, from JSON."""
    done = subprocess.run(
        [peer("bpftool"), "--json", *words], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def raw(words: list[str]) -> bytes:
    """Bytes that it writes as ["0x01", ...]."""
    return bytes(int(word, 16) for word in words)


def instruction_bytes(opcodes: dict) -> bytes:
    """One instruction of `prog dump xlated ... opcodes`, a wide one with its second slot."""
    registers = int(opcodes["src_reg"], 16) << 4 | int(opcodes["dst_reg"], 16)
    first = bytes([int(opcodes["code"], 16), registers])
    return first + raw(opcodes["off"]) + raw(opcodes["imm"])
