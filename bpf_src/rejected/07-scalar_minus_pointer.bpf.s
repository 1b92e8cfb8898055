; A pointer is subtracted from a number.
;
; The result would be a number that reveals where kernel memory is located, and no memory could be
; read through it. The verifier has no type for such a value. Look at the order of the operands.
;
; rawbpf: rule RB-V004

.license "GPL"

.program scalar_minus_pointer, "tc"
        r2 = r10
        r3 = 8
        r3 -= r2
        r0 = 0
        exit
