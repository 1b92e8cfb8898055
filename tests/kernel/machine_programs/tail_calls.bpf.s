; kernel 5.8
; A program that tail-calls itself. The call fails after 33 times, and the program continues after it.

.license "GPL"
.map jumps, prog_array, entries=1
.data
result: .zero 8

.program tail_calls, "tc"
        r2 = result ll
        r3 = *(u64 *)(r2 + 0)
        r3 += 1
        *(u64 *)(r2 + 0) = r3
        r2 = jumps ll
        r3 = 0
        call tail_call
        r0 = 5
        exit
