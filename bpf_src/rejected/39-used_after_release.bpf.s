; A ring buffer record is written after it was submitted.
;
; A submitted record belongs to the readers, and the verifier turns every copy of the pointer into a
; scalar. Look at the instruction after the call.
;
; rawbpf: kernel 5.8
; rawbpf: rule RB-V018

.license "GPL"

.map events, ringbuf, entries=4096

.program used_after_release, "tc"
        r1 = events ll
        r2 = 8
        r3 = 0
        call ringbuf_reserve
        if r0 == 0 goto out
        r6 = r0
        r1 = r6
        r2 = 0
        call ringbuf_submit
        r1 = 7
        *(u64 *)(r6 + 0) = r1
out:    r0 = 0
        exit
