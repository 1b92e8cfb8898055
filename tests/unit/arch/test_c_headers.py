"""The records against the kernel's headers for each architecture, with a C compiler.

Debian's package linux-libc-dev-arm64-cross has arm64's headers for any machine.
RAWBPF_ARM64_HEADERS and RAWBPF_X86_64_HEADERS name a folder elsewhere, such as usr/include of an
unpacked linux-libc-dev.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

from rawbpf.arch import ARCHITECTURES, ARM64, X86_64, native
from tests.support.peers import absent, peer

ARCHES = pytest.mark.parametrize("arch", ARCHITECTURES.values(), ids=lambda arch: arch.name)

# Offsets in struct pt_regs as user space knows it; x86-64 calls some registers by other names.
X86_NAMES = {"bp": "rbp", "bx": "rbx", "ax": "rax", "cx": "rcx", "dx": "rdx", "si": "rsi",
             "di": "rdi", "orig_ax": "orig_rax", "ip": "rip", "flags": "eflags",
             "sp": "rsp"}  # fmt: skip


def headers(arch):
    """Return the folders with the kernel's headers for an architecture, in search order."""
    named = os.environ.get(f"RAWBPF_{arch.name.replace('-', '_').upper()}_HEADERS")
    places = [Path(named)] if named else [Path("/usr", arch.multiarch, "include")]
    if not named:
        places.append(Path("/usr/include", arch.multiarch))
    if not named and arch is native(X86_64):
        places.append(Path("/usr/include"))
    for place in places:
        if (place / "asm/unistd.h").exists():
            return [place, place.parent] if place.name == arch.multiarch else [place]
    return absent(f"needs the kernel's headers for {arch.name}: linux-libc-dev-{arch.debian}-cross")


def clang(arch, *words, text):
    """Run clang for an architecture, with the kernel's headers only."""
    command = [peer("clang-19", "clang-14", "clang"), f"--target={arch.multiarch}", "-nostdinc"]
    command += [f"-isystem{folder}" for folder in headers(arch)]
    command += [*words, "-x", "c", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True)


@ARCHES
def test_system_call_numbers(arch):
    lines = [f"number {name} __NR_{name}" for name in arch.syscalls]
    text = "\n".join(["#include <asm/unistd.h>", *lines])
    done = clang(arch, "-E", "-P", text=text)
    assert not done.returncode, done.stderr
    found = {name: int(value) for name, value in re.findall(r"number (\w+) (\d+)", done.stdout)}
    assert found == arch.syscalls


def layout(arch):
    """Return the fields of pt_regs: name -> type and path in C."""
    if arch is X86_64:
        return {
            name: f"struct pt_regs, {X86_NAMES.get(name, name)}" for name in arch.pt_regs.fields
        }
    numbered = {f"x{number}": f"struct user_pt_regs, regs[{number}]" for number in range(31)}
    return numbered | {name: f"struct user_pt_regs, {name}" for name in ("sp", "pc", "pstate")}


def check(arch, *assertions):
    heads = "asm/ptrace.h", "linux/eventpoll.h", "linux/elf-em.h"
    lines = [f"#include <{head}>" for head in heads]
    lines += [f'_Static_assert({one}, "{one}");' for one in assertions]
    return clang(arch, "-fsyntax-only", text="\n".join(lines)).stderr


@ARCHES
def test_registers(arch):
    regs, fields = arch.pt_regs, layout(arch)
    assert (
        check(
            arch, *(f"__builtin_offsetof({c}) == {regs.offset(name)}" for name, c in fields.items())
        )
        == ""
    )
    assert {*regs.arguments, regs.result, regs.ip, regs.sp} <= fields.keys()
    assert set(regs.syscall_arguments) <= set(regs.fields)


def test_orig_x0_follows_user_pt_regs():
    assert check(ARM64, f"sizeof(struct user_pt_regs) == {ARM64.pt_regs.offset('orig_x0')}") == ""


@ARCHES
def test_epoll_event_and_elf_machine(arch):
    size = 12 if arch.epoll_event_packed else 16
    name = {"x86_64": "EM_X86_64", "aarch64": "EM_AARCH64"}[arch.machine]
    assert (
        check(arch, f"sizeof(struct epoll_event) == {size}", f"{name} == {arch.elf_machine}") == ""
    )


def test_a_wrong_offset_is_detected():
    assert "static assertion failed" in check(
        X86_64, "__builtin_offsetof(struct pt_regs, rip) == 0"
    )
