; Jump to the instruction, or remove it.

.license "GPL"

.program unreachable, "tc"
        r0 = 0
        exit
