; A division by the constant zero.
;
; A register may hold zero at run time, and the result is zero then. A constant that is zero can
; only be a mistake. Look at the number.
;
; rawbpf: rule RB-V022

.license "GPL"

.program divided_by_zero, "tc"
        r0 = *(u32 *)(r1 + 0)
        r0 /= 0
        exit
