; Subtract numbers only, and leave the pointer unchanged.

.license "GPL"

.program scalar_minus_pointer, "tc"
        r2 = r10
        r3 = 8
        r3 -= 4
        r0 = 0
        exit
