; Use a map type that holds values.

.license "GPL"

.map events, array, key=u32, value=u64, entries=1

.program wrong_map_type, "tc"
        *(u32 *)(r10 - 4) = 0
        r1 = events ll
        r2 = r10
        r2 += -4
        call map_lookup_elem
        r0 = 0
        exit
