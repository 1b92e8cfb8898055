; A store past the end of a ring buffer record.
;
; bpf_ringbuf_reserve reserved 16 bytes, which the verifier tracks as mem_size. After them comes the
; next record, perhaps of another CPU. Look at the offset and at the reserved size.
;
; rawbpf: kernel 5.8
; rawbpf: rule RB-V009

.license "GPL"

.map events, ringbuf, entries=4096

.program past_the_record, "tc"
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
