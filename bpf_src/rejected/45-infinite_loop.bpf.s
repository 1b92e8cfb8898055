; A loop that never ends.
;
; Nothing in the loop changes, so the verifier reaches an instruction in exactly the same state as
; before: the program would never get any further. (Before 5.3, every backward jump was rejected.)
; Look at what the condition depends on.
;
; rawbpf: rule RB-V041

.license "GPL"

.program infinite_loop, "tc"
        r1 = 0
again:  if r1 == 0 goto again
        r0 = 0
        exit
