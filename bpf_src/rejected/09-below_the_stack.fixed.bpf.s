; Stay within 512 bytes.

.license "GPL"

.program below_the_stack, "tc"
        r1 = 1
        *(u64 *)(r10 - 512) = r1
        r0 = 0
        exit
