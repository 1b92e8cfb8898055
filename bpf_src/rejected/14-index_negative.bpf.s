; An index may be negative.
;
; The comparison is signed: s> lets all negative numbers pass, and they lead to memory before the
; table. In C, this happens with an index of type short. Look at the lower bound of r7.
;
; rawbpf: rule RB-V007

.license "GPL"

.data
index:  .half 0
table:  .zero 16

.program index_negative, "tc"
        r1 = index ll
        r7 = *(u16 *)(r1 + 0)
        r7 <<= 48
        r7 s>>= 48
        r0 = 0
        if r7 s> 15 goto out
        r1 = table ll
        r1 += r7
        r0 = *(u8 *)(r1 + 0)
out:    exit
