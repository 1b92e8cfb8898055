; Lesson 09: a map lookup whose result is used without a NULL check.

.map hits, hash, key=u32, value=u64, entries=16

.program count, "socket"
        *(u32 *)(r10 - 4) = 0
        r2 = r10
        r2 += -4
        r1 = hits ll
        call map_lookup_elem
        r1 = *(u64 *)(r0 + 0)
        r1 += 1
        *(u64 *)(r0 + 0) = r1
        r0 = 0
        exit
