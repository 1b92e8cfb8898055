"""Runs random programs in the kernel under us."""

import os
from contextlib import contextmanager
from typing import Self

from rawbpf.asm import Builder, r0, r1, r10
from rawbpf.errors import KernelError
from rawbpf.kernel.memlock import raise_memlock_if_needed
from rawbpf.maps.map import Map
from rawbpf.syscall import bpf
from rawbpf.syscall.attr import Attr
from rawbpf.uapi.bpf import bpf_prog_type
from rawbpf.uapi.bpf_attr import BpfAttrProgLoad
from tests.support.random_cases import FDS, LEVELS, ONLY_KEY, Case, Outcome
from tests.support.random_parts import FEATURES
from tests.support.random_program import TABLE, VALUE

PACKET = bytes(64)
LICENSE = b"GPL\0"


class Kernel:
    """Its maps have the descriptors that cases refer to. The hash is new for each program."""

    def __enter__(self) -> Self:
        raise_memlock_if_needed()
        self._create(VALUE)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(FDS["value"])

    def run(self, case: Case) -> Outcome | None:
        """None: the verifier refused the program."""
        if not case.uses_table:
            return self._run(case)
        self._create(TABLE)
        try:
            return self._run(case)
        finally:
            os.close(FDS["table"])

    def _create(self, spec) -> None:
        with Map.create(spec) as made:
            os.dup2(made.fileno(), FDS[spec.name], inheritable=False)

    def _run(self, case: Case) -> Outcome | None:
        value = FDS["value"]
        with loaded(case.code) as program:
            if program is None:
                return None
            bpf.map_update_elem(value, ONLY_KEY, case.value)
            result = bpf.prog_test_run(program.fileno(), PACKET).retval
            return Outcome(result, bpf.map_lookup_elem(value, ONLY_KEY, VALUE.value_size))


@contextmanager
def loaded(code: bytes):
    """A program for tc; None when it is refused. No log, which would cost more than the rest."""
    struct = BpfAttrProgLoad(
        prog_type=bpf_prog_type.BPF_PROG_TYPE_SCHED_CLS, insn_cnt=len(code) // 8
    )
    attr = Attr(struct).point("insns", code).point("license", LICENSE).ends_at("license")
    try:
        program = bpf.prog_load(attr, "random")
    except KernelError:
        yield None
        return
    with program:
        yield program


def level_of_kernel() -> int:
    """The last of LEVELS whose features the verifier accepts."""
    accepted = {name for name, parts in FEATURES.items() if _accepts(parts)}
    return max(level for level, features in enumerate(LEVELS) if features <= accepted)


def _accepts(parts) -> bool:
    b = Builder("probe")
    b.mov(r1, 0)
    b.stxdw(r10[-8], r1)
    for method, *operands in parts:
        getattr(b, method)(*operands)
    b.mov(r0, 0)
    b.exit()
    with loaded(b.build().encode()) as program:
        return program is not None
