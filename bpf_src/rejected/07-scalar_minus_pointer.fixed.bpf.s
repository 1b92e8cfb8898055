; Subtract the numbers, and leave the pointer out of it.

.license "GPL"

.program scalar_minus_pointer, "tc"
        r2 = r10
        r3 = 8
        r3 -= 4
        r0 = 0
        exit
