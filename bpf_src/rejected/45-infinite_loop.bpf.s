; A loop that never ends.
;
; Nothing in the loop changes, so the verifier comes back to an instruction in the very state in
; which it was there before: the program would never get any further. (Before 5.3 every jump
; backwards was refused.) Look at what the condition depends on.
;
; rawbpf: rule RB-V041

.license "GPL"

.program infinite_loop, "tc"
        r1 = 0
again:  if r1 == 0 goto again
        r0 = 0
        exit
