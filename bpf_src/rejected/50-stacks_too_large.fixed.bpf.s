; Use less stack in one of them.

.license "GPL"

.program stacks_too_large, "tc"
        r1 = 1
        *(u64 *)(r10 - 304) = r1
        call deeper
        exit

.function deeper
        r1 = 2
        *(u64 *)(r10 - 104) = r1
        r0 = 0
        exit
