"""Load an object's BTF, which describes map types, function names and source lines.

BPF_BTF_LOAD fails with EINVAL if the BTF contains a kind that the kernel does not know (such as
float before 5.13 and enum64 before 6.0). After such a failure, each kind that the object uses is
probed with a few bytes of BTF, once per process, and the BTF is loaded again with the unknown kinds
replaced.
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
from rawbpf.syscall.bpf_object import btf_load
from rawbpf.syscall.fd import Owner

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.asm.instruction import Source
    from rawbpf.syscall.fd import Fd

__all__ = ["KernelBtf"]


class KernelBtf(Owner):
    """A BTF object that has been loaded into the kernel.

    Type IDs are the same as in the object.

    The source lines of ``programs`` are stored in the BTF. For ``places`` and ``hidden``, see
    ``for_kernel``.
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
        """Load the types together with the strings that line info refers to."""
        builder = for_kernel(self._types, self._places, missing, self._hidden)
        self._strings = builder.strings
        for source in sources:
            self._strings.add(source.file)
            self._strings.add(source.read())
        return btf_load(builder.encode())

    def fileno(self) -> int:
        """Return the descriptor's number; this object still owns the descriptor."""
        return self._fd.fileno()

    @cached_property
    def types(self) -> Btf:
        """The object's types, including the sizes of data sections, which are 0 in the file."""
        if not self._places:
            return self._types
        return Btf(for_kernel(self._types, self._places, ()).encode())

    def func_info(self, program: Bytecode) -> bytes:
        """Return ``func_info`` for BPF_PROG_LOAD, or b"" unless all functions have types."""
        if not all(function.type_id for function in program.functions):
            return b""
        records = [FuncInfo(one.slot, one.type_id) for one in program.functions]
        return pack(records, self._strings)

    def line_info(self, program: Bytecode) -> bytes:
        """Return ``line_info`` for BPF_PROG_LOAD.

        The result is empty unless every function starts with a line record.
        """
        records = list(_lines(program))
        starts = {record.insn_off for record in records}
        if not all(function.slot in starts for function in program.functions):
            return b""
        return pack(records, self._strings)

    def close(self) -> None:
        """Close the descriptor.

        Maps and programs created with the BTF keep it loaded.
        """
        self._fd.close()


@cache
def _knows(feature: str) -> bool:
    try:
        btf_load(example(feature)).close()
    except KernelError:
        return False
    return True


def _lines(program: Bytecode) -> Iterator[LineInfo]:
    """Yield a line record wherever the source line changes and at the start of each function."""
    starts = {function.slot for function in program.functions}
    previous = None
    for slot, one in zip(slots_of(program.instructions), program.instructions, strict=False):
        source = one.source
        if source is not None and (source != previous or slot in starts):
            yield LineInfo(slot, source.file, source.read(), source.line, source.column)
        previous = source
