; An index has no upper bound.
;
; A value from the packet's metadata can be any 32-bit number. Before it is added to a pointer, a
; comparison or a mask must limit it. Look for one of these.
;
; rawbpf: rule RB-V007

.license "GPL"

.data
table:  .zero 16

.program index_unbounded, "tc"
        r7 = *(u32 *)(r1 + 0)
        r1 = table ll
        r1 += r7
        r0 = *(u8 *)(r1 + 0)
        exit
