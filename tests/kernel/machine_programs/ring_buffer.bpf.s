; kernel 5.8
; A ring buffer of one page: records that fit, records that do not, and its state.

.license "GPL"
.map ring, ringbuf, entries=4096
.data
result: .zero 128

.program ring_buffer, "tc"
        r9 = result ll
        r1 = ring ll
        r2 = 4089                           ; with the header, one byte larger than the ring
        r3 = 0
        call ringbuf_reserve
        if r0 == 0 goto small
        r1 = r0
        r2 = 0
        call ringbuf_discard
        *(u64 *)(r9 + 0) = 1
small:  r1 = ring ll
        r2 = 3000
        r3 = 0
        call ringbuf_reserve
        if r0 == 0 goto out
        *(u64 *)(r0 + 2992) = 5
        r1 = r0
        r2 = 1                              ; BPF_RB_NO_WAKEUP
        call ringbuf_submit
        r1 = ring ll
        r2 = 0                              ; BPF_RB_AVAIL_DATA
        call ringbuf_query
        *(u64 *)(r9 + 8) = r0
        r1 = ring ll
        r2 = 1                              ; BPF_RB_RING_SIZE
        call ringbuf_query
        *(u64 *)(r9 + 16) = r0
        r1 = ring ll
        r2 = 2                              ; BPF_RB_CONS_POS
        call ringbuf_query
        *(u64 *)(r9 + 24) = r0
        r1 = ring ll
        r2 = 3                              ; BPF_RB_PROD_POS
        call ringbuf_query
        *(u64 *)(r9 + 32) = r0
        r1 = ring ll
        r2 = 4                              ; unknown: 0
        call ringbuf_query
        *(u64 *)(r9 + 40) = r0
        r1 = ring ll
        r2 = 1070
        r3 = 0
        call ringbuf_reserve                ; 1078, padded to 1080; 3008 + 1080 = 4088: it fits
        if r0 == 0 goto full
        r1 = r0
        r2 = 1
        call ringbuf_discard
        *(u64 *)(r9 + 48) = 1
full:   *(u64 *)(r10 - 8) = 7
        r1 = ring ll
        r2 = r10
        r2 += -8
        r3 = 8
        r4 = 1
        call ringbuf_output                 ; full: -EAGAIN
        *(u64 *)(r9 + 56) = r0
        r1 = ring ll
        r2 = r10
        r2 += -8
        r3 = 8
        r4 = 64                             ; unknown flag: -EINVAL
        call ringbuf_output
        *(u64 *)(r9 + 64) = r0
        r0 = 1
        exit
out:    r0 = 0
        exit
