; Submit the record.

.license "GPL"

.map events, ringbuf, entries=4096

.program record_not_released, "tc"
        r1 = events ll
        r2 = 8
        r3 = 0
        call ringbuf_reserve
        if r0 == 0 goto out
        r1 = 7
        *(u64 *)(r0 + 0) = r1
        r1 = r0
        r2 = 0
        call ringbuf_submit
out:    r0 = 0
        exit
