; Reserve as many bytes as are written.

.license "GPL"

.map events, ringbuf, entries=4096

.program past_the_record, "tc"
        r1 = events ll
        r2 = 24
        r3 = 0
        call ringbuf_reserve
        if r0 == 0 goto out
        r2 = 7
        *(u64 *)(r0 + 16) = r2
        r1 = r0
        r2 = 0
        call ringbuf_submit
out:    r0 = 0
        exit
