; Lead to it, or leave it out.

.license "GPL"

.program unreachable, "tc"
        r0 = 0
        exit
