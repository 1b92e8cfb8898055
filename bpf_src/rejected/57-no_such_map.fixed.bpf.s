; Name the map, and let the loader insert the descriptor.

.license "GPL"

.map counts, array, key=u32, value=u64, entries=1

.program no_such_map, "tc"
        r1 = counts ll
        r0 = 0
        exit
