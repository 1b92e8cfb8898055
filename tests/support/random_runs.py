"""Run random programs in the running kernel."""

import ctypes
import errno
import os
from typing import Self

from rawbpf.asm import Builder, r0, r1, r10
from rawbpf.errors import KernelError
from rawbpf.kernel.version import raise_memlock_if_needed
from rawbpf.maps.map import Map
from rawbpf.syscall.gate import Attr, enter
from rawbpf.uapi.bpf import bpf_cmd, bpf_prog_type
from rawbpf.uapi.bpf_attr import BpfAttrMapElem, BpfAttrProgLoad, BpfAttrTestRun
from tests.support.random_cases import FDS, LEVELS, Case, Outcome
from tests.support.random_parts import FEATURES
from tests.support.random_program import TABLE, VALUE

PROG_TYPE = bpf_prog_type.BPF_PROG_TYPE_SCHED_CLS
PACKET = bytes(64)
LICENSE = b"GPL\0"


class Kernel:
    """The maps that the cases refer to. The hash is new for each program.

    The arguments of the four calls of a run are built once, because building them takes longer than
    the calls in an emulated guest.
    """

    def __enter__(self) -> Self:
        raise_memlock_if_needed()
        self._create(VALUE)
        key, self._value = (
            ctypes.create_string_buffer(4),
            ctypes.create_string_buffer(VALUE.value_size),
        )
        elem = Attr(BpfAttrMapElem(map_fd=FDS["value"])).point("key", key)
        self._elem = elem.point("value", self._value)
        self._test_run = Attr(BpfAttrTestRun(repeat=1, data_size_in=len(PACKET))).point(
            "data_in", PACKET
        )
        self._load = Attr(BpfAttrProgLoad(prog_type=PROG_TYPE)).point("license", LICENSE)
        self._load.ends_at("prog_flags")
        return self

    def __exit__(self, *_: object) -> None:
        os.close(FDS["value"])

    def run(self, case: Case) -> Outcome | None:
        """Run a case. Return None if the verifier rejects the program."""
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
        fd = self._loaded(case.code)
        if fd is None:
            return None
        try:
            self._value.raw = case.value
            call(bpf_cmd.BPF_MAP_UPDATE_ELEM, self._elem)
            self._test_run.struct.prog_fd = fd
            call(bpf_cmd.BPF_PROG_TEST_RUN, self._test_run)
            call(bpf_cmd.BPF_MAP_LOOKUP_ELEM, self._elem)
        finally:
            os.close(fd)
        return Outcome(self._test_run.struct.retval, self._value.raw)

    def _loaded(self, code: bytes) -> int | None:
        """Load a tc program without a log, which would be slow. Return None if it is rejected."""
        struct, buffer = self._load.struct, ctypes.create_string_buffer(code, len(code))
        struct.insns, struct.insn_cnt = ctypes.addressof(buffer), len(code) // 8
        try:
            return call(bpf_cmd.BPF_PROG_LOAD, self._load)
        except KernelError:
            return None


def call(cmd: bpf_cmd, attr: Attr) -> int:
    """Call bpf(2), and repeat it if a signal interrupts it."""
    while True:
        try:
            return enter("bpf", cmd, attr.address, attr.size)
        except KernelError as error:
            if error.errno not in (errno.EAGAIN, errno.EINTR):
                raise


def level_of_kernel() -> int:
    """Return the highest index in LEVELS whose features the verifier accepts."""
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
    with Kernel() as kernel:
        fd = kernel._loaded(b.build().encode())
        if fd is not None:
            os.close(fd)
    return fd is not None
