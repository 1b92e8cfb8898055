"""Run clang to compile a C file into an ELF object.

    clang -target bpf -g -O2 -D__TARGET_ARCH_x86 -I (vmlinux.h) -I (<rawbpf/bpf.h>)
          -idirafter /usr/include/x86_64-linux-gnu -c FILE -o OBJECT

-g writes BTF. Without -O2, the verifier rejects most programs, because functions are not inlined
and unused stack slots are not removed. BPF code is the same on all machines, but the layout of
pt_regs is not, so headers select the layout based on __TARGET_ARCH_*. Programs that include
<linux/bpf.h> instead of vmlinux.h need <asm/types.h>, which Debian installs in an
architecture-specific folder that clang does not search when it compiles for BPF.

clang 10 is the first version that writes CO-RE records (``preserve_access_index``); clang 14 is the
oldest version that is tested here.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rawbpf.arch import Architecture, native
from rawbpf.command_words import path_word
from rawbpf.errors import CompileError, RawbpfError, UnsupportedError, UsageError
from rawbpf.input_file import LARGEST, read_text
from rawbpf.source.c.vmlinux import VMLINUX, vmlinux_folder
from rawbpf.specs.undefined_calls import why_undefined

__all__ = ["INCLUDE", "Compiled", "compile_c", "find_clang"]

INCLUDE = Path(__file__).parent / "include"
"""The folder that contains <rawbpf/bpf.h>, <rawbpf/core.h> and <rawbpf/args.h>."""

_NAMES = ("clang", *(f"clang-{version}" for version in range(22, 13, -1)))
"""Debian and other distributions may install clang only under a versioned name."""

_TIMEOUT = 300


class Compiled(NamedTuple):
    """The bytes of the object, and the warnings that clang printed."""

    data: bytes
    warnings: str


def find_clang(name: str | None = None) -> str:
    """Return the path of clang, which is ``name`` or the first of clang, clang-22, ...

    clang-14.

    Raises UnsupportedError if clang is not installed.
    """
    for one in _NAMES if name is None else (name,):
        path = shutil.which(one)
        if path is not None:
            return path
    raise UnsupportedError(
        "cannot compile C: " + (f"{name!r} is not installed" if name else "clang is not installed"),
        why="clang was not found in PATH",
        fix="install clang (Debian: apt install clang), or compile elsewhere and pass the .bpf.o",
    )


def compile_c(
    source: Path,
    *,
    clang: str | None = None,
    types: bytes | None = None,
    arch: Architecture | None = None,
) -> Compiled:
    """Compile a C file into an ELF object.

    ``types`` is the kernel BTF from which vmlinux.h is generated; None means that no BTF is
    available, which is an error only for files that include vmlinux.h. ``arch`` is the architecture
    of that kernel, by default this machine's.

    Raises CompileError with clang's output if clang fails, UnsupportedError if clang is not
    installed or vmlinux.h cannot be generated.
    """
    program = find_clang(clang)
    if source.name.startswith("@"):
        # clang passes the bare name to itself (-main-file-name), and may then read it as a response
        # file
        why = f"clang would read its arguments from {source.name[1:]!r}"
        raise UsageError(f"cannot compile {str(source)!r}", why=why, fix="rename the file")
    read_text(
        source, LARGEST
    )  # for a binary file, one clear error is better than thousands of lines from clang
    folders, no_vmlinux = _include_folders(types)
    arch = arch or native()
    with TemporaryDirectory(prefix="rawbpf-") as folder:
        target = Path(folder) / "object.o"
        command = [program, "-target", "bpf", "-g", "-O2", f"-D__TARGET_ARCH_{arch.bpf_target}"]
        command += [f"-I{one}" for one in folders]
        command += ["-idirafter", f"/usr/include/{arch.multiarch}"]
        command += ["-c", path_word(source), "-o", str(target)]
        try:
            output = _run(command, source)
        except CompileError as error:
            if no_vmlinux is not None and VMLINUX in error.output:
                raise no_vmlinux from None
            raise
        if not target.is_file():
            raise CompileError(
                f"{program} did not write an object file for {source}",
                why=("check that the program is clang"),
                output=output,
            )
        return Compiled(target.read_bytes(), output)


def _include_folders(types: bytes | None) -> tuple[list[Path], RawbpfError | None]:
    """Return the header folders, and an error if none of them contains vmlinux.h.

    The error is raised only for programs that include vmlinux.h.
    """
    if types is None:
        return [INCLUDE], UnsupportedError(
            f"cannot make {VMLINUX}",
            why="this kernel has no BTF (CONFIG_DEBUG_INFO_BTF)",
            fix="compile on another machine and pass the .bpf.o, or use `rawbpf guest`",
        )
    try:
        return [vmlinux_folder(types), INCLUDE], None
    except RawbpfError as error:
        return [INCLUDE], error


def _run(command: list[str], source: Path) -> str:
    """Run clang and return its output. Raises CompileError if compilation failed."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RawbpfError(f"cannot run {command[0]}", why=str(error)) from None
    output = done.stdout.decode(errors="replace")
    if done.returncode:
        raise CompileError(
            f"{Path(command[0]).name} cannot compile {source}",
            why=f"exit status {done.returncode}",
            fix=_fix(output),
            output=output,
        )
    return output


def _fix(output: str) -> str | None:
    """Return how to avoid a call that clang generates and does not support, if there is one."""
    found = re.search(r"built-in function '(\w+)' is not supported", output)
    return None if found is None else f"{found[1]}: {why_undefined(found[1])[1]}"
