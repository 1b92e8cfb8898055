; An index is too large for the table.
;
; The table has 16 bytes. The index comes from outside the program and, after the mask with 31, can
; be as large as 31. The verifier rejects the load because the largest possible address is outside
; the table, however unlikely it is. Look at the bounds of r7.
;
; rawbpf: rule RB-V007

.license "GPL"

.data
table:  .zero 16

.program index_too_large, "tc"
        r7 = *(u32 *)(r1 + 0)
        r7 &= 31
        r1 = table ll
        r1 += r7
        r0 = *(u8 *)(r1 + 0)
        exit
