"""Ring readers for tests, without a kernel."""

from rawbpf.reading.perf_reader import Drained
from rawbpf.ring.perf_ring import Contents


class Rings:
    """A reader whose passes return these lists of ``Drained``, and then nothing."""

    def __init__(self, *passes, filenos=()):
        self.passes = list(passes)
        self._filenos = list(filenos)

    def filenos(self):
        return self._filenos

    def drain(self):
        return self.passes.pop(0) if self.passes else []


def drained(cpu, *samples, lost=0, damage=None, fill=0.0):
    return Drained(cpu, Contents(list(samples), lost, 0, damage), fill)
