; Divide by another number.

.license "GPL"

.program divided_by_zero, "tc"
        r0 = *(u32 *)(r1 + 0)
        r0 /= 2
        exit
