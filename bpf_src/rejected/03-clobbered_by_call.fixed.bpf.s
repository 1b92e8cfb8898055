; Keep the context in a register that survives calls.

.license "GPL"

.program clobbered_by_call, "tc"
        r6 = r1
        call ktime_get_ns
        r0 = *(u32 *)(r6 + 0)
        exit
