; A dynptr that holds a record is overwritten.
;
; The record would be lost: nothing could submit it any more, and the readers of the ring buffer
; would wait for it forever. Look at what the store does to the stack.
;
; rawbpf: rule RB-V053
; rawbpf: kernel 5.19

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
        *(u64 *)(r10 - 16) = r1
        r1 = r10
        r1 += -16
        r2 = 0
        call ringbuf_discard_dynptr
        r0 = 0
        exit
