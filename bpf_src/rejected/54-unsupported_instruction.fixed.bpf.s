; Use a plain move.

.license "GPL"

.program unsupported_instruction, "tc"
        r2 = r1
        r0 = 0
        exit
