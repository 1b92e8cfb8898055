; A ring buffer record is neither submitted nor discarded.
;
; bpf_ringbuf_reserve reserves a record, and readers of the ring buffer stop there until it is
; submitted or discarded. The verifier tracks such references and requires that they are released on
; every path. Look at the path where r0 is not NULL.
;
; rawbpf: kernel 5.8
; rawbpf: rule RB-V017

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
out:    r0 = 0
        exit
