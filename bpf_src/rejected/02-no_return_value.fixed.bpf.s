; Write r0 before the branch.

.license "GPL"

.program no_return_value, "tc"
        r0 = 0
        r1 = *(u32 *)(r1 + 0)
        if r1 > 100 goto out
out:    exit
