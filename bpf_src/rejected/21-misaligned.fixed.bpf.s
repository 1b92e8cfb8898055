; Use an offset that is a multiple of the size.

.license "GPL"

.program misaligned, "tc"
        r1 = 1
        *(u64 *)(r10 - 16) = r1
        r0 = 0
        exit
