; Count the iterations.

.license "GPL"

.program infinite_loop, "tc"
        r1 = 0
again:  r1 += 1
        if r1 != 10 goto again
        r0 = 0
        exit
