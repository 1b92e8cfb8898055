; A pointer is subtracted from a number.
;
; The result would be a number that tells where kernel memory is, and nothing that memory could be
; read through. The verifier has no type for it. Look at the order of the two.
;
; rawbpf: rule RB-V004

.license "GPL"

.program scalar_minus_pointer, "tc"
        r2 = r10
        r3 = 8
        r3 -= r2
        r0 = 0
        exit
