; Do less work in one run.

.license "GPL"

.program too_complex, "tc"
        r1 = 400
again:  r1 -= 1
        r2 = r1
        if r1 != 0 goto again
        r0 = 0
        exit
