; A size may be negative.
;
; The size is a signed number, and the program checks only its upper bound. As an unsigned size, -1
; is the largest number of all. Look at the lower bound of r4.
;
; rawbpf: rule RB-V012

.license "GPL"

.data
size:   .quad 8
buffer: .zero 64

.program size_negative, "tc"
        r4 = size ll
        r4 = *(u64 *)(r4 + 0)
        if r4 s> 64 goto out
        r2 = 0
        r3 = buffer ll
        call skb_load_bytes
out:    r0 = 0
        exit
