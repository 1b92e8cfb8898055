"""Bytecode from wherever it comes: an object, raw bytes, or bytes written in hex."""

from __future__ import annotations

import re

from rawbpf.asm.decode import decode_all
from rawbpf.collection.open import embedded_objects, is_bpf
from rawbpf.elf.code import CodeSection, code_sections
from rawbpf.elf.read import ObjectFile, is_elf
from rawbpf.errors import BytecodeError, FormatError
from rawbpf.input_file import read_input, read_stdin

__all__ = ["read_bytecode", "read_bytes"]

# Bytes apart or together, as \x, 0x or bare digits; what a person has copied from somewhere.
_HEX = re.compile(rb"\s*(?:(?:0x|\\x)?(?:[0-9a-fA-F]{2})+[\s,]*)+")

# No program is: its exit alone has seven zero bytes.
_TEXT = re.compile(rb"[\t\n\r\x20-\x7e]*")


def read_bytecode(file: str) -> list[CodeSection]:
    """The code in a file, or in stdin for "-". FormatError: it is none."""
    data = read_bytes(file)
    file = "stdin" if file == "-" else file
    if not data:
        raise FormatError(f"{file} is empty")
    if is_elf(data):
        if not is_bpf(data):  # a tool, perhaps, with an object inside
            data = next((one.data for one in embedded_objects(data)), data)
        sections = code_sections(ObjectFile(data))
        if not sections:
            raise FormatError(f"{file} has no code", why="no section is marked as executable")
        return sections
    code = _from_hex(data)
    if code is None and _TEXT.fullmatch(data):
        raise FormatError(
            f"{file} is text, and not bytes in hex", fix="`rawbpf asm` makes an object of assembly"
        )
    try:
        return [CodeSection("", decode_all(code or data), {}, {}, {})]
    except BytecodeError as error:
        raise FormatError(f"{file} is no bytecode", why=str(error)) from None


def read_bytes(file: str) -> bytes:
    """What is in a file, or in stdin for "-". UsageError: it cannot be read, or has no end."""
    return read_stdin() if file == "-" else read_input(file)


def _from_hex(data: bytes) -> bytes | None:
    """The bytes that are written there, or None: it is no hex."""
    if not _HEX.fullmatch(data):
        return None
    return bytes.fromhex(re.sub(rb"0x|\\x|,", b" ", data).decode())
