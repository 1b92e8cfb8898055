; Use a plain move.

.license "GPL"

.program opcode_of_another_kernel, "tc"
        r2 = r1
        r0 = 0
        exit
