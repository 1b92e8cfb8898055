; Call a helper that exists.

.license "GPL"

.program unknown_helper, "tc"
        call ktime_get_ns
        r0 = 0
        exit
