; Let a helper copy the memory.

.license "GPL"

.program number_as_pointer, "kprobe/do_exit"
        call get_current_task
        r1 = r10
        r1 += -8
        r2 = 8
        r3 = r0
        call probe_read_kernel
        r0 = 0
        exit
