"""Read the input files of commands: objects, sources, and plain bytecode."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm.decode import decode_leniently
from rawbpf.cli.terminal import say
from rawbpf.collection.object_source import embedded_objects, is_bpf
from rawbpf.elf.code import CodeSection, code_sections, marked
from rawbpf.elf.read import ObjectFile, is_elf
from rawbpf.errors import CompileError, FormatError, UsageError
from rawbpf.input_file import read_input, read_stdin
from rawbpf.output.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.arch import Architecture
    from rawbpf.collection.collection import Collection
    from rawbpf.collection.object_source import Embedded

__all__ = ["Target", "compile_source", "is_c", "open_file", "places", "read_bytecode", "read_bytes",
           "read_objects", "set_variables", "skip"]  # fmt: skip

# Prefixes and commas that are often copied along with hex bytes.
_BETWEEN_HEX = re.compile(rb"(?:0x|\\x)(?=[0-9a-fA-F]{2})|,")

# A text file is not a program: programs contain unprintable bytes, such as the zero bytes of an
# exit instruction.
_TEXT = re.compile(rb"[\t\n\r\x20-\x7e]*")


def open_file(file: str, clang: str | None) -> Collection:
    """Open the object in a file, compiling C first.

    Warnings are printed on stderr as they occur.
    """
    collection = _open(file, clang)
    for remark in collection.spec.remarks:
        say(remark, at="warning")
    collection.warn = partial(say, at="warning")
    return collection


def _open(file: str, clang: str | None) -> Collection:
    from rawbpf.collection.collection import Collection
    from rawbpf.collection.collection import open as open_object

    if not is_c(file):
        return open_object(file)
    return Collection.from_bytes(compile_source(file, clang), file)


def read_objects(file: str, clang: str | None) -> list[Embedded]:
    """Return the object in a file, or all objects in an executable, building C and assembly first.

    ``Embedded.at`` is the file offset of each object.
    """
    from rawbpf.collection.object_source import Embedded, objects_of

    if is_c(file):
        return [Embedded(0, compile_source(file, clang))]
    if file.endswith(".s"):
        from rawbpf.elf.write import encode_object
        from rawbpf.source.assembler import assemble_file

        return [Embedded(0, encode_object(assemble_file(Path(file))))]
    return objects_of(Path(file))


def is_c(file: str) -> bool:
    """Return whether a file has to be compiled."""
    return file.endswith(".c")


class Target(NamedTuple):
    """A kernel other than the running kernel, for which C is compiled."""

    arch: Architecture
    types: bytes


def compile_source(file: str, clang: str | None, target: Target | None = None) -> bytes:
    """Compile a C file and return the object; clang's messages are shown unchanged.

    The object is for the running kernel unless ``target`` is given.
    """
    from rawbpf.source.c.clang import compile_c

    try:
        if target is None:
            done = compile_c(Path(file), clang=clang, types=_kernel_types())
        else:
            done = compile_c(Path(file), clang=clang, types=target.types, arch=target.arch)
    except CompileError as error:
        say(error.output.rstrip(), at="error")
        error.details = ""
        raise
    if done.warnings:
        say(done.warnings.rstrip(), at="warning")
    return done.data


def _kernel_types() -> bytes | None:
    """Return the kernel BTF from which vmlinux.h is generated, or None if there is none."""
    from rawbpf.kernel.btf import vmlinux_btf

    path = vmlinux_btf()
    return None if path is None else Path(path).read_bytes()


def set_variables(collection: Collection, settings: Iterable[str]) -> None:
    """Set global variables as requested by ``NAME=VALUE`` arguments."""
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            raise UsageError(f"--set is {setting!r}", fix="write NAME=VALUE, such as target_pid=42")
        section = collection.section_of(name)
        section[name] = _value(text, section[name])


def _value(text: str, now: object) -> object:
    """Convert text to a value of the same type as the current value."""
    if isinstance(now, bytes):
        return text.encode()
    words = {"true": 1, "false": 0}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return int(text, 0)
    except ValueError:
        return text  # the name of an enumerator, or an invalid value, which the type will reject


def skip(collection: Collection, patterns: Iterable[str]) -> None:
    """Exclude the programs that match a pattern, in which ``*`` matches any characters."""
    left = set(_loaded(collection))
    for pattern in patterns:
        left -= _matching(collection, pattern, "--skip")
    collection.keep(left)


def places(collection: Collection, settings: Iterable[str]) -> dict[str, str]:
    """Parse ``PROGRAM=WHERE`` arguments into a dict by program; ``*`` matches any characters."""
    found: dict[str, str] = {}
    for setting in settings:
        pattern, equals, where = setting.partition("=")
        if not equals or not pattern or not where:
            raise UsageError(f"--at is {setting!r}", fix="write PROGRAM=WHERE, such as count=lo")
        found |= dict.fromkeys(_matching(collection, pattern, "--at"), where)
    return found


def _loaded(collection: Collection) -> list[str]:
    return [name for name, one in collection.spec.programs.items() if one.autoload]


def _matching(collection: Collection, pattern: str, option: str) -> set[str]:
    from fnmatch import fnmatchcase

    names = _loaded(collection)
    found = {name for name in names if fnmatchcase(name, pattern) or printable(name) == pattern}
    if not found:
        raise UsageError(
            f"no program matches {option} {pattern}",
            why=f"this object contains {', '.join(sorted(names)[:8])}",
        )
    return found


def read_bytecode(file: str) -> list[CodeSection]:
    """Read the code in a file, or from stdin if the file is "-".

    Raises FormatError if the data is not bytecode.
    """
    data = read_bytes(file)
    file = "stdin" if file == "-" else file
    if not data:
        raise FormatError(f"{file} is empty")
    if is_elf(data):
        if not is_bpf(data):  # the file may be an executable that contains an object
            data = next((one.data for one in embedded_objects(data)), data)
        sections = code_sections(ObjectFile(data))
        if not sections:
            raise FormatError(f"{file} contains no code", why="no section is marked as executable")
        return sections
    code = _from_hex(data)
    if code is None and _TEXT.fullmatch(data):
        raise FormatError(
            f"{file} is a text file that does not contain hex bytes",
            fix="assemble the file with `rawbpf asm`",
        )
    instructions, faults = decode_leniently(code or data)
    if 2 * len(faults) >= max(len(instructions), 1):
        raise FormatError(f"{file} is not bytecode", why=str(faults[0]))
    return [marked(CodeSection("", instructions, {}, {}, {}), faults)]


def read_bytes(file: str) -> bytes:
    """Read a file, or stdin if the file is "-".

    Raises UsageError if the file is unreadable or too large.
    """
    return read_stdin() if file == "-" else read_input(file)


def _from_hex(data: bytes) -> bytes | None:
    r"""Return the bytes that the text represents in hex, or None if the text is not hex.

    The digits may be separated by spaces, and each byte may have the prefix ``0x`` or ``\x``.

    >>> _from_hex(b"b7 00, 0x0000"), _from_hex(b"b7 0")
    (b'\xb7\x00\x00\x00', None)
    """
    try:
        return bytes.fromhex(_BETWEEN_HEX.sub(b" ", data).decode("ascii")) or None
    except ValueError:
        return None
