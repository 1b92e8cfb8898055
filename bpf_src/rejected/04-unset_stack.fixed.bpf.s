; Write all four bytes of the key.

.license "GPL"

.map counts, array, key=u32, value=u64, entries=4

.program unset_stack, "tc"
        *(u32 *)(r10 - 4) = 0
        r1 = counts ll
        r2 = r10
        r2 += -4
        call map_lookup_elem
        r0 = 0
        exit
