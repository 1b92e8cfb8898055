"""An object's types in the kernel: so that maps can be printed, and programs have names and lines.

What a kernel cannot know of yet (float before 5.13, enum64 before 6.0 ...) it refuses with all the
rest (EINVAL). Then it is asked what that is, by a few bytes of BTF for each and once for a process,
and gets the types without.
"""

from __future__ import annotations

import errno
from functools import cache, cached_property
from typing import TYPE_CHECKING

from rawbpf.asm.instruction import slots_of
from rawbpf.btf.btf import Btf
from rawbpf.btf.ext_info import FuncInfo, LineInfo, pack
from rawbpf.btf.for_kernel import for_kernel
from rawbpf.btf.sanitize import example, features_used
from rawbpf.errors import KernelError
from rawbpf.syscall.bpf import btf_load
from rawbpf.syscall.owner import Owner

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.asm.instruction import Source
    from rawbpf.syscall.fd import Fd

__all__ = ["KernelBtf"]


class KernelBtf(Owner):
    """Owns types that were loaded. The ids are those of the object.

    ``programs``: whose lines of source go along. ``places``, ``hidden``: see ``for_kernel``.
    """

    def __init__(
        self,
        btf: Btf,
        places: Mapping[str, tuple[int, Mapping[str, int]]],
        programs: Iterable[Bytecode] = (),
        hidden: Collection[str] = (),
    ) -> None:
        self._types, self._places, self._hidden = btf, places, hidden
        sources = dict.fromkeys(
            one.source for program in programs for one in program.instructions if one.source
        )
        try:
            self._fd = self._load(sources)
        except KernelError as error:
            if error.errno != errno.EINVAL:
                raise
            missing = [name for name in sorted(features_used(btf)) if not _knows(name)]
            if not missing:
                raise
            self._fd = self._load(sources, missing)

    def _load(self, sources: Iterable[Source], missing: Collection[str] = ()) -> Fd:
        """The types, and in their strings what the lines of source will refer to."""
        builder = for_kernel(self._types, self._places, missing, self._hidden)
        self._strings = builder.strings
        for source in sources:
            self._strings.add(source.file)
            self._strings.add(source.read())
        return btf_load(builder.encode())

    def fileno(self) -> int:
        """The descriptor's number, still owned by this object."""
        return self._fd.fileno()

    @cached_property
    def types(self) -> Btf:
        """The object's types, complete: in the file, sections of variables have no sizes yet."""
        if not self._places:
            return self._types
        return Btf(for_kernel(self._types, self._places, ()).encode())

    def func_info(self, program: Bytecode) -> bytes:
        """What BPF_PROG_LOAD takes; empty unless every function is described."""
        if not all(function.type_id for function in program.functions):
            return b""
        records = [FuncInfo(one.slot, one.type_id) for one in program.functions]
        return pack(records, self._strings)

    def line_info(self, program: Bytecode) -> bytes:
        """The same for lines of source; empty unless every function begins with one."""
        records = list(_lines(program))
        starts = {record.insn_off for record in records}
        if not all(function.slot in starts for function in program.functions):
            return b""
        return pack(records, self._strings)

    def close(self) -> None:
        """Give up the descriptor; maps and programs made with it keep the types."""
        self._fd.close()


@cache
def _knows(feature: str) -> bool:
    try:
        btf_load(example(feature)).close()
    except KernelError:
        return False
    return True


def _lines(program: Bytecode) -> Iterator[LineInfo]:
    """A record wherever the line changes, and where a function begins."""
    starts = {function.slot for function in program.functions}
    previous = None
    for slot, one in zip(slots_of(program.instructions), program.instructions, strict=False):
        source = one.source
        if source is not None and (source != previous or slot in starts):
            yield LineInfo(slot, source.file, source.read(), source.line, source.column)
        previous = source
