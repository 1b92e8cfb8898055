; Add a number to the pointer instead.

.license "GPL"

.program pointer_times_two, "tc"
        r2 = r10
        r2 += -8
        r0 = 0
        exit
