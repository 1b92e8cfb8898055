; Change a copy of r10.

.license "GPL"

.program frame_pointer_written, "tc"
        r2 = r10
        r2 += -8
        r1 = 1
        *(u64 *)(r2 + 0) = r1
        r0 = 0
        exit
