; Limit the size with a mask.

.license "GPL"

.data
buffer: .zero 64

.program size_unbounded, "kprobe/do_exit"
        call get_prandom_u32
        w2 = w0
        r2 &= 63
        r1 = buffer ll
        r3 = 0
        call probe_read_kernel
        r0 = 0
        exit
