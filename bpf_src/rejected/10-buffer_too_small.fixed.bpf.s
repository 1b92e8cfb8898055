; Start at an address where 16 bytes fit.

.license "GPL"

.program buffer_too_small, "kprobe/do_exit"
        r1 = r10
        r1 += -16
        r2 = 16
        call get_current_comm
        r0 = 0
        exit
