; Use a compatible licence, if you are allowed to.

.license "Dual MIT/GPL"

.program gpl_only, "kprobe/do_exit"
        r1 = r10
        r1 += -8
        r2 = 8
        r3 = 0
        call probe_read_kernel
        r0 = 0
        exit
