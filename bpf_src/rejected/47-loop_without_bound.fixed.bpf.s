; Give up after a fixed number of iterations.

.license "GPL"

.program loop_without_bound, "tc"
        r6 = 0
again:  r6 += 1
        call get_prandom_u32
        if r0 == 7 goto out
        if r6 != 100 goto again
out:    r0 = 0
        exit
