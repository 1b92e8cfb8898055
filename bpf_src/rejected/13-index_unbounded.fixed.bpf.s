; Compare the index with the size of the table first.

.license "GPL"

.data
table:  .zero 16

.program index_unbounded, "tc"
        r7 = *(u32 *)(r1 + 0)
        r0 = 0
        if r7 > 15 goto out
        r1 = table ll
        r1 += r7
        r0 = *(u8 *)(r1 + 0)
out:    exit
