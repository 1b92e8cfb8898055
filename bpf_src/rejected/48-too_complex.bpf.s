; A loop that takes the verifier more than a million instructions.
;
; The verifier walks through every iteration of a loop, unless it reaches a state that it has
; already verified. Here, the counter is different in every iteration. The limit is a million
; instructions, however many the program would run. Look at the number of iterations.
;
; rawbpf: rule RB-V042

.license "GPL"

.program too_complex, "tc"
        r1 = 400000
again:  r1 -= 1
        r2 = r1
        if r1 != 0 goto again
        r0 = 0
        exit
