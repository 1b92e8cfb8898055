; A store behind the end of a ring buffer's record.
;
; bpf_ringbuf_reserve gave 16 bytes, of which the verifier keeps account as mem_size. What follows
; is the next record, perhaps of another CPU. Look at the offset and the size that was asked for.
;
; rawbpf: kernel 5.8
; rawbpf: rule RB-V009

.license "GPL"

.map events, ringbuf, entries=4096

.program behind_the_record, "tc"
        r1 = events ll
        r2 = 16
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
