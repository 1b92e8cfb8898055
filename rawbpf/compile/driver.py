"""clang as a process: one C file in, the bytes of an ELF object out.

    clang -target bpf -g -O2 -D__TARGET_ARCH_x86 -I (vmlinux.h) -I (<rawbpf/bpf.h>)
          -idirafter /usr/include/x86_64-linux-gnu -c FILE -o OBJECT

Each option is needed: without -g there is no BTF, without -O2 code that no verifier accepts (calls
that are not inlined, stack slots that are never used). BPF code is the same for all machines, but
where a function's arguments are in pt_regs is not; so the headers of this and other projects want
to be told by __TARGET_ARCH_*. Programs may include <linux/bpf.h> instead of vmlinux.h. That needs
<asm/types.h>, which Debian keeps in a folder for the machine, and for BPF clang looks in none.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rawbpf.arch import native
from rawbpf.compile.clang import find_clang
from rawbpf.compile.vmlinux import VMLINUX, vmlinux_folder
from rawbpf.errors import CompileError, RawbpfError
from rawbpf.input_file import read_text

__all__ = ["INCLUDE", "Compiled", "compile_c"]

INCLUDE = Path(__file__).parent / "include"
"""Where <rawbpf/bpf.h> and its neighbours are."""

_LONGEST = 300


class Compiled(NamedTuple):
    """The object's bytes, and what clang had to say about the source: warnings."""

    data: bytes
    warnings: str


def compile_c(source: Path, *, clang: str | None = None, headers: Path | None = None) -> Compiled:
    """Compile one file. ``headers``: the folder of vmlinux.h, if not the running kernel's.

    CompileError carries clang's words. UnsupportedError: no clang, or no BTF to make vmlinux.h of,
    which the file includes.
    """
    program = find_clang(clang)
    read_text(source)  # clang has a line or ten thousand for what is no text
    folders, lacking = _folders(headers)
    arch = native()
    with TemporaryDirectory(prefix="rawbpf-") as folder:
        target = Path(folder) / "object.o"
        command = [program, "-target", "bpf", "-g", "-O2", f"-D__TARGET_ARCH_{arch.bpf_target}"]
        command += [f"-I{one}" for one in folders]
        command += ["-idirafter", f"/usr/include/{arch.multiarch}"]
        command += ["-c", str(source), "-o", str(target)]
        try:
            said = _run(command, source)
        except CompileError as error:
            if lacking is not None and VMLINUX in error.output:
                raise lacking from None
            raise
        if not target.is_file():
            raise CompileError(
                f"{program} made no object of {source}", why="is it a clang?", output=said
            )
        return Compiled(target.read_bytes(), said)


def _folders(headers: Path | None) -> tuple[list[Path], RawbpfError | None]:
    """Where headers are, and why vmlinux.h is not among them. Many programs do without it."""
    try:
        return [headers or vmlinux_folder(), INCLUDE], None
    except RawbpfError as error:
        return [INCLUDE], error


def _run(command: list[str], source: Path) -> str:
    """What clang said; CompileError if it refused."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_LONGEST,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RawbpfError(f"cannot run {command[0]}", why=str(error)) from None
    said = done.stdout.decode(errors="replace")
    if done.returncode:
        raise CompileError(
            f"{Path(command[0]).name} cannot compile {source}",
            why=f"it ended with {done.returncode}",
            output=said,
        )
    return said
