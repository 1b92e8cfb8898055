; A pointer is multiplied.
;
; Of all arithmetic only adding and subtracting a number leaves a pointer a pointer into the same
; object. Twice an address is an address of something else. Look at what r2 is: a copy of the
; frame pointer.
;
; rawbpf: rule RB-V004

.license "GPL"

.program pointer_times_two, "tc"
        r2 = r10
        r2 *= 2
        r0 = 0
        exit
