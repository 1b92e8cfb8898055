"""Ring readers for tests, without a kernel."""

from rawbpf.errors import FormatError
from rawbpf.reading.perf_reader import Drained
from rawbpf.ring.batch import Batch
from rawbpf.ring.perf_records import Contents


class Rings:
    """A reader whose passes return these lists of ``Drained``, and then nothing."""

    def __init__(self, *passes, filenos=(), paced=False):
        self.passes = list(passes)
        self._filenos = list(filenos)
        self.quiet, self.paced, self.armed = True, paced, 0
        self.opened, self.grown_to, self.not_grown = [], 0, ""

    def filenos(self):
        return self._filenos

    def drain(self):
        found = self.passes.pop(0) if self.passes else []
        self.quiet = not any(one.contents.batches for one in found)
        return found

    def arm(self):
        self.armed += 1
        return True


def drained(cpu, *samples, lost=0, damage=None, fill=0.0):
    return Drained(cpu, Contents(list(map(batch, samples)), lost, 0, damage), fill)


def batch(sample):
    """A batch of one record, with a header and padding as in a ring buffer."""
    step = -(-(8 + len(sample)) // 8) * 8
    return Batch(bytes(8) + sample.ljust(step - 8, b"\0"), 0, step, 8, len(sample), 1)


def one_by_one(decode):
    """Decode each record by itself: from map, CPU and bytes to a list of one object."""

    def decode_all(taken):
        found, damaged = [], 0
        for record in taken:
            try:
                found.append([decode(*record)])
            except FormatError:
                damaged += 1
        return found, damaged

    return decode_all


def flat(batches):
    """The records of all batches, in one list."""
    return [record for one in batches for record in one]
