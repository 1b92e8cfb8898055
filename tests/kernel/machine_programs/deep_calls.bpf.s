; kernel 5.8
; Eight frames. Each has its own stack, and its r6 is preserved across calls.

.license "GPL"
.data
result: .zero 8

.program deep_calls, "tc"
        r6 = 1
        *(u64 *)(r10 - 8) = 1
        r1 = 1
        call second
        r6 += r0
        r0 = *(u64 *)(r10 - 8)
        r0 += r6
        exit
.function second
        r6 = 2
        *(u64 *)(r10 - 8) = 20
        r1 += 1
        call third
        r0 += r6
        r1 = *(u64 *)(r10 - 8)
        r0 += r1
        exit
.function third
        r6 = 3
        *(u64 *)(r10 - 8) = 300
        r1 += 1
        call fourth
        r0 += r6
        r1 = *(u64 *)(r10 - 8)
        r0 += r1
        exit
.function fourth
        r6 = 4
        r1 += 1
        call fifth
        r0 += r6
        exit
.function fifth
        r6 = 5
        r1 += 1
        call sixth
        r0 += r6
        exit
.function sixth
        r6 = 6
        r1 += 1
        call seventh
        r0 += r6
        exit
.function seventh
        r6 = 7
        r1 += 1
        call eighth
        r0 += r6
        exit
.function eighth
        r0 = r1
        r0 *= 1000
        exit
