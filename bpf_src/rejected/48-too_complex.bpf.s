; A loop that the verifier would have to walk through for more than a million instructions.
;
; It walks through each turn of a loop, unless it finds itself in a state that it knows. Here the
; counter is another number each time. The limit is a million instructions, whatever the program
; would take. Look at the number of turns.
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
