"""Record what this kernel's verifier logs for each program of the gallery, by log level.

The library loads a program without a log first, and again with one if it is rejected. Here, a fake
kernel passes on the first call. If the program is rejected, it makes two more calls, one for each
log level, and answers all later calls of the library from their results.
"""

import ctypes
import errno
import re
from contextlib import contextmanager
from typing import NamedTuple

from rawbpf.cli.verify.gallery import attempt
from rawbpf.collection.object_source import read_object, spec_of
from rawbpf.syscall import gate
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.bpf_attr import BpfAttrProgLoad
from tests.support.bpf_objects import CLANGS, ROOT, build, built

GOLDEN = ROOT / "tests" / "golden" / "verifier"
LEVELS = (1, 2)
BPF_LOG_STATS = 4  # only the error and the statistics
SMALL, LARGE = 1 << 16, 1 << 23
LONGEST = 12_000  # longest golden log; the middle of a longer one is cut
CUT = "... cut here ...\n"


class Logs(NamedTuple):
    """Logs by level. Both are empty if the kernel accepted the program."""

    error: Exception | None
    texts: dict[int, str]


def object_name(path):
    """Return the name that tests.support.bpf_objects gives to the object."""
    return f"rejected/{path.name.removesuffix('.bpf.c')}"


def c_sources():
    return sorted((ROOT / "bpf_src" / "rejected").glob("*.bpf.c"))


def compile_all():
    for path in c_sources():
        build(object_name(path), CLANGS[-1])


def spec_for(path):
    if path.suffix == ".s":
        return read_object(path)
    data = built(object_name(path), CLANGS[-1]).read_bytes()
    return spec_of(data, path.name)


def logs_of(path, kernel, without=()):
    texts = {}
    with recording(texts):
        verdict = attempt(spec_for(path), kernel, without)
    return Logs(verdict.error, texts)


@contextmanager
def recording(texts):
    real = gate._kernel or gate._real_kernel()

    def kernel(name, *words):
        if name != "bpf" or words[0] != bpf_cmd.BPF_PROG_LOAD:
            return real(name, *words)
        attr = BpfAttrProgLoad.from_address(words[1])
        if attr.log_level:
            return recall(attr, texts)
        result = real(name, *words)
        if result < 0 and -result != errno.EAGAIN:
            for level in LEVELS:
                texts[level] = ask(real, words, level, -result)
            texts["errno"] = -result
        return result

    with gate.replaced(kernel):
        yield
    texts.pop("errno", None)


def recall(attr, texts):
    """Answer a call from the recorded logs. Return only the end of a log that is too long."""
    data = texts[1].encode()[1 - attr.log_size :] + b"\0"
    ctypes.memmove(attr.log_buf, data, len(data))
    return -texts["errno"]


def ask(real, words, level, refusal):
    """Load with one log level. Keep only the end of a log of a million instructions."""
    if refusal == errno.E2BIG:
        text = load(real, words, BPF_LOG_STATS, SMALL)
        if "too large. Processed" in text:
            return text
    return load(real, words, level, LARGE)


def load(real, words, level, size):
    log = ctypes.create_string_buffer(size)
    copy = BpfAttrProgLoad.from_buffer_copy(ctypes.string_at(words[1], words[2]).ljust(
        ctypes.sizeof(BpfAttrProgLoad), b"\0"))  # fmt: skip
    copy.log_level, copy.log_size, copy.log_buf = level, size, ctypes.addressof(log)
    result = real("bpf", words[0], ctypes.addressof(copy), words[2])
    assert result < 0, "rejected without a log, but accepted with one"
    return log.value.decode(errors="backslashreplace")


_ADDRESS = re.compile(r"0xff(?!ffffff)[0-9a-f]{14}")  # 0xffffffff... is a negative number
_TIME = re.compile(r"verification time \d+ usec")


def golden(text):
    """Return the log in the form that is stored, without what differs between runs."""
    text = _TIME.sub("verification time 1000 usec", _ADDRESS.sub("0xffff888000001000", text))
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    head, tail = text[:half], text[-half:]
    return head[: head.rindex("\n") + 1] + CUT + tail[tail.index("\n") + 1 :]
