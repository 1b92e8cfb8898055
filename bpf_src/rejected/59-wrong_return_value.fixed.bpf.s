; Return 0 or 1.

.license "GPL"

.program wrong_return_value, "cgroup/sock_create"
        r0 = 1
        exit
