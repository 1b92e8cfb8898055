; Store the key on the stack and pass its address.

.license "GPL"

.map counts, array, key=u32, value=u64, entries=1

.program key_by_value, "tc"
        r2 = 1
        *(u32 *)(r10 - 4) = r2
        r1 = counts ll
        r2 = r10
        r2 += -4
        call map_lookup_elem
        r0 = 0
        exit
