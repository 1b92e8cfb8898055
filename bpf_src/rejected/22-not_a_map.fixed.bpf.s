; Pass the map.

.license "GPL"

.map counts, array, key=u32, value=u64, entries=1

.program not_a_map, "tc"
        *(u32 *)(r10 - 4) = 0
        r1 = counts ll
        r2 = r10
        r2 += -4
        call map_lookup_elem
        r0 = 0
        exit
