; Jump to an instruction of the program.

.license "GPL"

.program jump_too_far, "tc"
        r0 = 0
        if r1 == 0 goto +1
        r0 = 1
        exit
