"""Both ring protocols on a processor that reorders loads and stores.

The consumer's accesses are those that the cursors make, recorded in one pass over a ring with one
record. The producer's accesses are those of the kernel: perf_output_begin() and
perf_output_put_handle() in kernel/events/ring_buffer.c, __bpf_ringbuf_reserve() and
bpf_ringbuf_commit() in kernel/bpf/ringbuf.c. Every order of these accesses is executed.

Each ring has room for one record, so that the producer writes its second record over the first as
soon as the consumer releases the space.
"""

import pytest

from rawbpf.ring.bpf_ring import BUSY, BpfRing
from rawbpf.ring.perf_ring import PerfRing
from tests.support.weak_memory import (
    FENCE,
    WORD,
    Recorder,
    load,
    outcomes,
    store,
    without_fence,
)

PAGE = 4096
OLD, FIRST, SECOND = 100, 101, 102
HEAD, TAIL, DATA = "ring+1024", "ring+1032", f"ring+{PAGE}"
CONSUMER, PRODUCER, LENGTH, PAYLOAD = "consumer+0", "producer+0", "producer+4096", "producer+4104"


def perf_consumer():
    """Return the accesses of PerfRing.take() for a record of one word."""
    memory, accesses = memoryview(bytearray(2 * PAGE)), []
    memory[1024:1032] = WORD.to_bytes(8, "little")
    ring = PerfRing(Recorder("ring", memory, accesses), PAGE, lambda: accesses.append(FENCE))
    ring.take()
    return accesses


def perf_producer():
    """Return the kernel's accesses for two records. A full ring is checked before each record."""
    return [
        store(DATA, FIRST),
        store(HEAD, WORD, release=True),
        load(TAIL, WORD, decides=True),
        store(DATA, SECOND),
        store(HEAD, 2 * WORD, release=True),
    ]


def perf_outcomes(consumer):
    return outcomes([consumer, perf_producer()], {HEAD: 0, TAIL: 0, DATA: OLD})


def bpf_consumer():
    """Return the accesses of BpfRing.take() for a record of one word."""
    consumer, producer, accesses = bytearray(PAGE), bytearray(3 * PAGE), []
    producer[:8] = (2 * WORD).to_bytes(8, "little")
    producer[PAGE : PAGE + 8] = WORD.to_bytes(8, "little")
    ring = BpfRing(
        Recorder("consumer", memoryview(consumer), accesses),
        Recorder("producer", memoryview(producer), accesses),
        PAGE,
        lambda: accesses.append(FENCE),
    )
    ring.take()
    return accesses


def bpf_record(position, payload):
    """Return the kernel's accesses for a record: reserve, write, commit."""
    return [
        store(LENGTH, BUSY | WORD),
        store(PRODUCER, position + 2 * WORD, release=True),
        store(PAYLOAD, payload),
        FENCE,  # xchg() is fully ordered
        store(LENGTH, WORD),
        FENCE,
    ]


def bpf_outcomes(consumer):
    """Return what the consumer copies. An earlier record has left its length in the ring."""
    producer = [
        *bpf_record(0, FIRST),
        load(CONSUMER, 2 * WORD, acquire=True),
        *bpf_record(2 * WORD, SECOND),
    ]
    start = {CONSUMER: 0, PRODUCER: 0, LENGTH: WORD, PAYLOAD: OLD}
    return outcomes([consumer, producer], start)


def sleeps_and_is_not_woken(consumer):
    """Return whether the consumer may sleep although a record is in the ring.

    Before sleeping, epoll_wait(2) loads the producer's position (bpf_ringbuf's poll operation). The
    producer wakes the consumer if its record is the first unread record.
    """
    sleeper = [*consumer, load(PRODUCER)]
    producer = [*bpf_record(2 * WORD, SECOND), load(CONSUMER, acquire=True)]
    start = {CONSUMER: 0, PRODUCER: 2 * WORD, LENGTH: WORD, PAYLOAD: FIRST}
    found = outcomes([[one for one in sleeper if one.place != LENGTH], producer], start)
    return any((seen[-2], seen[-1]) == (2 * WORD, 0) for seen in found)


def fences(consumer):
    return [index for index, access in enumerate(consumer) if access == FENCE]


def test_the_model_reorders_and_fences_forbid_it():
    """Message passing and store buffering, the two classic tests."""
    start = {"x": 0, "y": 0}
    writer = [store("x", 1), store("y", 1)]
    assert (1, 0) in outcomes([[load("y"), load("x")], [writer[0], FENCE, writer[1]]], start)
    assert (1, 0) in outcomes([[load("y"), FENCE, load("x")], writer], start)
    assert outcomes([[load("y"), FENCE, load("x")], [writer[0], FENCE, writer[1]]], start) == {
        (0, 0), (0, 1), (1, 1),
    }  # fmt: skip
    one, other = [store("x", 1), load("y")], [store("y", 1), load("x")]
    assert (0, 0) in outcomes([one, other], start)
    fenced = [[first, FENCE, second] for first, second in (one, other)]
    assert (0, 0) not in outcomes(fenced, start)


def test_a_perf_record_is_read_whole_and_once():
    assert len(fences(perf_consumer())) == 2
    assert perf_outcomes(perf_consumer()) == {(FIRST,)}


@pytest.mark.parametrize(("fence", "wrong"), [(0, OLD), (1, SECOND)])
def test_each_fence_of_the_perf_ring_is_needed(fence, wrong):
    assert (wrong,) in perf_outcomes(without_fence(perf_consumer(), fence))


def test_a_ring_buffer_record_is_read_whole_and_once():
    consumer = bpf_consumer()
    assert len(fences(consumer)) == 4
    assert bpf_outcomes(consumer) == {(WORD, FIRST)}
    assert not sleeps_and_is_not_woken(consumer)


@pytest.mark.parametrize(("fence", "wrong"), [(0, OLD), (1, OLD), (2, SECOND)])
def test_each_fence_before_the_position_is_needed(fence, wrong):
    found = bpf_outcomes(without_fence(bpf_consumer(), fence))
    assert wrong in {payload for _, payload in found}


def test_the_fence_after_the_position_is_needed():
    assert sleeps_and_is_not_woken(without_fence(bpf_consumer(), 3))
