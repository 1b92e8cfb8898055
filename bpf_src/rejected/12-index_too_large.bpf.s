; An index reaches beyond the table.
;
; The table has 16 bytes. The index comes from outside; masked with 31 it can be up to 31. The
; verifier computes the largest address that it could lead to and refuses it, however unlikely.
; Look at the bounds of r7.
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
