; A shift by as many bits as there are.
;
; What comes out of it differs between machines, so a constant must be below 64 (32 for w
; registers). Look at the number.
;
; rawbpf: rule RB-V022

.license "GPL"

.program shift_by_64, "tc"
        r0 = 1
        r0 <<= 64
        exit
