"""Load a program with a log that lists each instruction."""

import ctypes
import re

from rawbpf.errors import KernelError
from rawbpf.syscall import bpf
from rawbpf.syscall.gate import Attr
from rawbpf.uapi.bpf_attr import BpfAttrProgLoad

BPF_LOG_LEVEL2 = 2  # log every instruction, even if the program is accepted
LOG_SIZE = 1 << 22
_LINE = re.compile(r"(\d+): \(([0-9a-f]{2})\) (.*?)(?:\s*;.*)?$")


def load_with_log(prog_type: int, code: bytes, license_: str = "GPL") -> str:
    """Return the verifier's log. Fail with the log if the program is rejected."""
    log = ctypes.create_string_buffer(LOG_SIZE)
    struct = BpfAttrProgLoad(prog_type=prog_type, insn_cnt=len(code) // 8, log_level=BPF_LOG_LEVEL2)
    attr = Attr(struct).point("insns", code).point("license", license_.encode() + b"\0")
    attr.point("log_buf", log)
    attr.struct.log_size = LOG_SIZE
    try:
        bpf.prog_load(attr.ends_at("prog_name"), "logged").close()
    except KernelError as error:
        raise AssertionError(f"{error}\n{log.value.decode()}") from None
    return log.value.decode()


def instructions_in(log: str) -> dict[int, tuple[int, str]]:
    """Return the opcode and the text of each instruction in a log, by slot."""
    found = (_LINE.match(line) for line in log.splitlines())
    return {int(one[1]): (int(one[2], 16), one[3]) for one in found if one}
