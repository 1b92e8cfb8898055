; Release the record once.

.license "GPL"

.map events, ringbuf, entries=4096

.program record_released_twice, "tc"
        r1 = events ll
        r2 = 8
        r3 = 0
        call ringbuf_reserve
        if r0 == 0 goto out
        r6 = r0
        r1 = 7
        *(u64 *)(r6 + 0) = r1
        r1 = r6
        r2 = 0
        call ringbuf_submit
out:    r0 = 0
        exit
