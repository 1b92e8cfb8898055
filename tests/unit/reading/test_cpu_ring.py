"""Choosing the event that wakes the reader, with maps and rings that only record what is done."""

from types import SimpleNamespace

from rawbpf.reading.cpu_ring import FLAG_STRIDE, FlagSwitch, SlotSwitch


class Slots:
    """A PERF_EVENT_ARRAY of four slots."""

    def __init__(self):
        self.spec = SimpleNamespace(max_entries=4)
        self.slots = {}

    def update(self, key, value):
        self.slots[int.from_bytes(key, "little")] = int.from_bytes(value, "little")


def ring(cpu):
    def event(number):
        return SimpleNamespace(fileno=lambda: number)

    return SimpleNamespace(cpu=cpu, batching=event(10 + cpu), waking=event(20 + cpu))


def test_a_slot_holds_one_event_or_the_other():
    slots = Slots()
    switch = SlotSwitch(slots)
    switch.install(ring(1))
    assert slots.slots == {1: 11}
    switch.arm(ring(1))
    assert slots.slots == {1: 21}
    assert switch.disarm(ring(1), 100)
    assert slots.slots == {1: 11}
    assert not switch.disarm(ring(1), 100)


def passes_until_ready(switch):
    return next(n for n in range(1000) if switch.ready())


def test_records_in_a_storm_make_the_reader_wait_longer():
    switch = SlotSwitch(Slots())
    waited = []
    for found in [100, 1 << 17, 1 << 17, 100, 100, 100, 100, 100, 100, 100]:
        switch.arm(ring(0))
        switch.disarm(ring(0), found)
        waited.append(passes_until_ready(switch))
    assert waited == [0, 63, 63, 31, 15, 7, 3, 1, 0, 0]


def test_a_flag_names_the_slot_that_wakes_the_reader():
    slots, memory = Slots(), bytearray(2 * FLAG_STRIDE)
    view = memoryview(memory)
    switch = FlagSwitch(slots, view)
    switch.install(ring(1))
    assert slots.slots == {1: 11, 3: 21}
    switch.arm(ring(1))
    assert memory[FLAG_STRIDE] == 1 + 3
    switch.disarm(ring(1))
    assert not any(memory)
    switch.close()
    view.release()
    memory.clear()  # an exported view would forbid it
