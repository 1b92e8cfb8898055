; A shift by the full width of the register.
;
; The result differs between processors, so a constant shift amount must be below 64 (below 32 for w
; registers). Look at the number.
;
; rawbpf: rule RB-V022

.license "GPL"

.program shift_by_64, "tc"
        r0 = 1
        r0 <<= 64
        exit
