; A size may be zero.
;
; Many helpers require a size of at least 1. With the mask, the size is between 0 and 63. Look at
; the lower bound of r4.
;
; rawbpf: rule RB-V012

.license "GPL"

.data
buffer: .zero 64

.program size_zero, "tc"
        r4 = *(u32 *)(r1 + 0)
        r4 &= 63
        r2 = 0
        r3 = buffer ll
        call skb_load_bytes
        r0 = 0
        exit
