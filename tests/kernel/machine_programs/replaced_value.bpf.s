; kernel 5.8
; An update of a hash key allocates a new value. A pointer to the old value stays valid until the
; program ends, even if the key is deleted.

.license "GPL"
.map table, hash, key=u32, value=u64, entries=4
.data
result: .zero 32

.program replaced_value, "tc"
        r9 = result ll
        *(u32 *)(r10 - 4) = 1
        call set
        r1 = table ll
        r2 = r10
        r2 += -4
        call map_lookup_elem
        if r0 == 0 goto out
        r8 = r0
        *(u64 *)(r8 + 0) = 101
        r1 = 200
        call set_to
        r0 = *(u64 *)(r8 + 0)
        *(u64 *)(r9 + 0) = r0               ; 101
        r1 = table ll
        r2 = r10
        r2 += -4
        call map_lookup_elem
        if r0 == 0 goto out
        r0 = *(u64 *)(r0 + 0)
        *(u64 *)(r9 + 8) = r0               ; 200
        r0 = 1
        exit
out:    r0 = 0
        exit

.function set
        r1 = 100
        call set_to
        exit

.function set_to
        *(u64 *)(r10 - 16) = r1
        *(u32 *)(r10 - 4) = 1
        r1 = table ll
        r2 = r10
        r2 += -4
        r3 = r10
        r3 += -16
        r4 = BPF_ANY
        call map_update_elem
        exit
