; Define the variable in .data.

.license "GPL"

.data
limit:  .quad 8

.program constant_written, "tc"
        r1 = limit ll
        r2 = 9
        *(u64 *)(r1 + 0) = r2
        r0 = 0
        exit
