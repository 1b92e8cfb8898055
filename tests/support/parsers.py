"""Every parser of input from outside, and the inputs that once were or may become interesting.

A parser takes bytes. It returns, or raises a declared error (RawbpfError). Files in tests/corpora,
one folder for each parser, are valid inputs, attacks, and inputs that once failed.
"""

import io
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

from rawbpf.btf.btf import Btf
from rawbpf.btf.ext_info import decode_ext_info
from rawbpf.btf.index import decode_index
from rawbpf.btf.strings import Strings
from rawbpf.cli.objects.object_file import _from_hex
from rawbpf.errors import RawbpfError
from rawbpf.events.log_record import decode_log
from rawbpf.events.log_rows import decode_logs
from rawbpf.guest.wire.out import unpack
from rawbpf.kernel import btf, config, file_systems, hardware, objects, rights, version
from rawbpf.kernel.kallsyms import Kallsyms
from rawbpf.kernel.type_index import build_id
from rawbpf.narration.tell.dump import dump
from rawbpf.narration.tell.json_line import decode
from rawbpf.narration.tell.line import format_call
from rawbpf.ring.bpf_ring import BpfRing
from rawbpf.ring.perf_records import parse_records
from rawbpf.source.assembler import assemble
from tests.fuzz import test_btf, test_elf, test_verifier
from tests.support.machine import Machine
from tests.unit.guest.test_hostile_frames import ended

CORPORA = Path(__file__).parents[1] / "corpora"
PAGE = 4096


def text(data):
    return data.decode(errors="surrogateescape")


def kallsyms(data):
    kernel = Kallsyms(data)
    for read in (lambda: list(kernel), lambda: kernel.lookup("helper"), lambda: kernel.at(0)):
        with suppress(RawbpfError):
            read()
    assert kernel.hidden in (True, False)
    assert len(kernel.near("helpr")) <= 3


def perf_records(data):
    for batch in parse_records(data).batches:
        decode_logs(batch)
        for record in batch.records():
            with suppress(RawbpfError):
                decode_log(record)


def bpf_ring(data):
    """The first 16 bytes are the positions of the consumer and the producer."""
    consumer, producer = bytearray(PAGE), bytearray(3 * PAGE)
    consumer[:8], producer[:8] = data[:8].ljust(8, b"\0"), data[8:16].ljust(8, b"\0")
    records = data[16 : 16 + PAGE]
    for copy in (PAGE, 2 * PAGE):  # the data is mapped twice
        producer[copy : copy + len(records)] = records
    ring = BpfRing(memoryview(consumer), memoryview(producer), PAGE, lambda: None)
    for _ in range(3):
        for batch in ring.take():
            assert len(batch.records()) == batch.count
    ring.release()


def recordings(data):
    for line in text(data).splitlines():
        with suppress(RawbpfError):
            call = decode(line)
            format_call(call)
            dump(call)


def guest_out(data):
    with TemporaryDirectory() as folder:
        inner = Path(folder, "out")
        try:
            unpack(io.BytesIO(data), inner)
        finally:
            assert [one.name for one in Path(folder).iterdir()] in ([], ["out"])


_FACTS = (
    rights.effective_capabilities, rights.filtered_by_seccomp, rights.lockdown_mode,
    rights.container, rights.kptr_restrict, rights.perf_event_paranoid,
    rights.unprivileged_bpf_disabled, rights.bpf_jit_enable, hardware.possible_cpus,
    hardware.online_cpus, lambda root: hardware.pmu_type("kprobe", root),
    lambda root: hardware.pmu_format_bit("kprobe", "retprobe", root),
    lambda root: hardware.time_namespace_offset_ns("monotonic", root), btf.loaded_modules,
    file_systems.tracefs, file_systems.bpffs_mounts, lambda root: version.kernel_version(root=root),
    lambda root: config.kernel_config("CONFIG_HZ", root),
    lambda root: objects.fd_facts("self", 3, root),
)  # fmt: skip


def proc(data):
    """The same contents stand in every file of /proc and /sys that is read."""
    with TemporaryDirectory() as folder:
        machine = Machine(Path(folder))
        for seed in (CORPORA / "proc").iterdir():
            machine.file("/" + seed.name.replace(".", "/"), data)
        machine.file("/proc/self/fdinfo/3", data)
        machine.file("/proc/config.gz", data)
        for fact in _FACTS:
            with suppress(RawbpfError):
                fact(machine.root)


def type_index(data):
    """Read an index of the BTF sample, also with the right checksum."""
    types = (CORPORA / "btf" / "sample").read_bytes()
    fixed = bytearray(data)
    fixed[24:28] = crc32(fixed[28:]).to_bytes(4, "little")
    for file in (data, bytes(fixed)):
        with suppress(RawbpfError):
            opened = Btf(types, index=decode_index(file, len(types)))
            for ask in (
                lambda opened=opened: list(opened),
                lambda opened=opened: opened.find_ids("int"),
                lambda opened=opened: list(opened.names_beginning_with("")),
                lambda opened=opened: [opened[number] for number in range(20)],
            ):
                with suppress(RawbpfError):
                    ask()


PARSERS = {
    "assembly": lambda data: assemble(text(data)),
    "bpf-ring": bpf_ring,
    "btf": test_btf.exercise,
    "btf-ext": lambda data: decode_ext_info(data, Strings(b"\0.text\0xdp\0a.c\0f();\0000:1\0")),
    "elf": test_elf.exercise,
    "guest-frames": ended,
    "guest-out": guest_out,
    "hex": _from_hex,
    "kallsyms": kallsyms,
    "kernel-notes": build_id,
    "perf-records": perf_records,
    "proc": proc,
    "recordings": recordings,
    "type-index": type_index,
    "verifier-logs": lambda data: test_verifier.ask(text(data)),
}


def corpus(name):
    """Return the inputs of a parser, as (name, bytes)."""
    if name == "elf":  # built from the programs, and not kept
        return [(f"object-{at}", data) for at, data in enumerate(test_elf.OBJECTS)]
    return [(file.name, file.read_bytes()) for file in sorted((CORPORA / name).iterdir())]
