; A pointer is multiplied.
;
; A pointer still points into the same object only if a number is added to it or subtracted from it.
; Twice an address is the address of something else. Look at what r2 is: a copy of the frame
; pointer.
;
; rawbpf: rule RB-V004

.license "GPL"

.program pointer_times_two, "tc"
        r2 = r10
        r2 *= 2
        r0 = 0
        exit
