; Use a bounded loop.

.license "GPL"

.program recursion, "tc"
        r1 = *(u32 *)(r1 + 0)
        call sum
        exit

.function sum
        r0 = 0
        r1 &= 7
again:  if r0 >= r1 goto out
        r0 += 1
        goto again
out:    exit
