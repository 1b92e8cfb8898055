"""Batches of log records, as a perf ring contains them."""

from rawbpf.events.log_record import encode_log
from rawbpf.events.log_rows import decode_logs
from rawbpf.ring.batch import Batch

LEAD = 12
"""Bytes of the header of a perf record with raw data."""


def batch_of(samples):
    """A batch of samples of one length."""
    (size,) = {len(one) for one in samples}
    step = -(-(LEAD + size) // 8) * 8
    data = b"".join(bytes(LEAD) + one.ljust(step - LEAD, b"\xa5") for one in samples)
    return Batch(data, 0, step, LEAD, size, len(samples))


def log_rows(records):
    """The rows of log records that have one level, format and number of arguments."""
    (rows,), damaged = decode_logs(batch_of(list(map(encode_log, records))))
    assert not damaged
    return rows
