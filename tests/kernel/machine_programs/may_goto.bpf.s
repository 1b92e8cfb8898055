; kernel 6.9
; A loop that the verifier cannot bound, and that ends before the limit of may_goto.

.license "GPL"
.data
result: .zero 8

.program may_goto, "tc"
        r6 = result ll
        r0 = 0
again:  r1 = *(u64 *)(r6 + 0)
        r1 += 1
        *(u64 *)(r6 + 0) = r1
        if r1 == 100 goto out
        may_goto out
        goto again
out:    r0 = *(u64 *)(r6 + 0)
        exit
