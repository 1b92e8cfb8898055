; Use a mask that fits the table.

.license "GPL"

.data
table:  .zero 16

.program index_too_large, "tc"
        r7 = *(u32 *)(r1 + 0)
        r7 &= 15
        r1 = table ll
        r1 += r7
        r0 = *(u8 *)(r1 + 0)
        exit
