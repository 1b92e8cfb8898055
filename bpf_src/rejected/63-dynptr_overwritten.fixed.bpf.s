; Store somewhere else.

.license "GPL"

.map events, ringbuf, entries=4096

.program dynptr_overwritten, "tc"
        r1 = events ll
        r2 = 8
        r3 = 0
        r4 = r10
        r4 += -16
        call ringbuf_reserve_dynptr
        r1 = 0
        *(u64 *)(r10 - 24) = r1
        r1 = r10
        r1 += -16
        r2 = 0
        call ringbuf_discard_dynptr
        r0 = 0
        exit
