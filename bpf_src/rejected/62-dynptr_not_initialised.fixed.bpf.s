; Initialize the dynptr with existing memory.

.license "GPL"

.data
memory: .zero 16

.program dynptr_not_initialised, "tc"
        r1 = memory ll
        r2 = 16
        r3 = 0
        r4 = r10
        r4 += -16
        call dynptr_from_mem
        r1 = r10
        r1 += -24
        r2 = 8
        r3 = r10
        r3 += -16
        r4 = 0
        r5 = 0
        call dynptr_read
        r0 = 0
        exit
