; kernel 5.8
; An LRU hash is never full. Which key it evicts is not defined, so the test compares only the
; results of the calls, and that the last key exists.

.license "GPL"
.map recent, lru_hash, key=u32, value=u64, entries=1024
.data
result: .zero 16

.program lru, "tc"
        r6 = result ll
        r7 = 0
again:  *(u32 *)(r10 - 4) = r7
        *(u64 *)(r10 - 16) = r7
        r1 = recent ll
        r2 = r10
        r2 += -4
        r3 = r10
        r3 += -16
        r4 = BPF_ANY
        call map_update_elem
        if r0 != 0 goto out
        r7 += 1
        if r7 < 2000 goto again
        r1 = recent ll
        r2 = r10
        r2 += -4
        call map_lookup_elem
        if r0 == 0 goto out
        r0 = *(u64 *)(r0 + 0)
        *(u64 *)(r6 + 0) = r0
        r0 = r7
out:    exit
