; A ring buffer record is released twice.
;
; After the first release, the program no longer owns the record, and every pointer to it has become
; a scalar. Look at what r6 holds at the second call.
;
; rawbpf: kernel 5.8
; rawbpf: rule RB-V018

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
        r1 = r6
        r2 = 0
        call ringbuf_discard
out:    r0 = 0
        exit
