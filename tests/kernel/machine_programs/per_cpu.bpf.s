; kernel 5.8
; Per-CPU values: the program sees those of its own CPU, and an update writes in place.

.license "GPL"
.map counts, percpu_array, key=u32, value=u64, entries=2
.map names,  percpu_hash,  key=u32, value=u64, entries=2
.data
result: .zero 32

.program per_cpu, "tc"
        r9 = result ll
        *(u32 *)(r10 - 4) = 1
        r1 = counts ll
        r2 = r10
        r2 += -4
        call map_lookup_elem
        if r0 == 0 goto out
        r8 = r0
        r1 = 5
        lock *(u64 *)(r8 + 0) += r1
        *(u64 *)(r10 - 16) = 9
        r1 = counts ll
        r2 = r10
        r2 += -4
        r3 = r10
        r3 += -16
        r4 = BPF_ANY
        call map_update_elem
        r0 = *(u64 *)(r8 + 0)               ; 9, through the old pointer
        *(u64 *)(r9 + 0) = r0
        r1 = names ll
        r2 = r10
        r2 += -4
        r3 = r10
        r3 += -16
        r4 = BPF_NOEXIST
        call map_update_elem
        r1 = names ll
        r2 = r10
        r2 += -4
        call map_lookup_elem
        if r0 == 0 goto out
        r8 = r0
        *(u64 *)(r10 - 16) = 8
        r1 = names ll
        r2 = r10
        r2 += -4
        r3 = r10
        r3 += -16
        r4 = BPF_EXIST
        call map_update_elem
        r0 = *(u64 *)(r8 + 0)               ; 8, through the old pointer
        *(u64 *)(r9 + 8) = r0
        r0 = 1
        exit
out:    r0 = 0
        exit
