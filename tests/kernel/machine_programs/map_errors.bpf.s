; kernel 5.8
; Results of map helpers for flags, full maps, missing keys and indexes past the end. Before 6.4 the
; result is an int, so only its lower half is stored.

.license "GPL"
.map table, hash,  key=u32, value=u64, entries=2
.map slots, array, key=u32, value=u64, entries=2
.data
result: .zero 96

.program map_errors, "tc"
        r9 = result ll
        r1 = table ll
        r2 = 1
        r3 = BPF_EXIST                      ; missing: -ENOENT
        call set
        *(u32 *)(r9 + 0) = r0
        r1 = table ll
        r2 = 1
        r3 = BPF_NOEXIST
        call set
        *(u32 *)(r9 + 4) = r0
        r1 = table ll
        r2 = 1
        r3 = BPF_NOEXIST                    ; exists: -EEXIST
        call set
        *(u32 *)(r9 + 8) = r0
        r1 = table ll
        r2 = 1
        r3 = BPF_EXIST
        call set
        *(u32 *)(r9 + 12) = r0
        r1 = table ll
        r2 = 1
        r3 = 7                              ; unknown flag: -EINVAL
        call set
        *(u32 *)(r9 + 16) = r0
        r1 = table ll
        r2 = 2
        r3 = BPF_ANY
        call set
        *(u32 *)(r9 + 20) = r0
        r1 = table ll
        r2 = 3
        r3 = BPF_ANY                        ; full: -E2BIG
        call set
        *(u32 *)(r9 + 24) = r0
        r1 = table ll
        r2 = 2
        call remove
        *(u32 *)(r9 + 28) = r0
        r1 = table ll
        r2 = 2
        call remove                         ; missing: -ENOENT
        *(u32 *)(r9 + 32) = r0
        r1 = table ll
        r2 = 3
        r3 = BPF_ANY                        ; there is room again
        call set
        *(u32 *)(r9 + 36) = r0

        r1 = slots ll
        r2 = 1
        r3 = BPF_EXIST
        call set
        *(u32 *)(r9 + 40) = r0
        r1 = slots ll
        r2 = 1
        r3 = BPF_NOEXIST                    ; every index exists: -EEXIST
        call set
        *(u32 *)(r9 + 44) = r0
        r1 = slots ll
        r2 = 1
        r3 = 7
        call set
        *(u32 *)(r9 + 48) = r0
        r1 = slots ll
        r2 = 2
        r3 = BPF_ANY                        ; past the end: -E2BIG
        call set
        *(u32 *)(r9 + 52) = r0
        r1 = slots ll
        r2 = 1
        call remove                         ; array entries cannot be deleted: -EINVAL
        *(u32 *)(r9 + 56) = r0

        r1 = slots ll
        r2 = 1
        call get
        *(u64 *)(r9 + 64) = r0
        r1 = slots ll
        r2 = 2
        call get
        *(u64 *)(r9 + 72) = r0
        r1 = table ll
        r2 = 3
        call get
        *(u64 *)(r9 + 80) = r0
        r1 = table ll
        r2 = 2
        call get
        *(u64 *)(r9 + 88) = r0
        r0 = 0
        exit

.function set                               ; map, key, flags
        *(u32 *)(r10 - 4) = r2
        r2 += 70
        *(u64 *)(r10 - 16) = r2             ; the value: key + 70
        r4 = r3
        r2 = r10
        r2 += -4
        r3 = r10
        r3 += -16
        call map_update_elem
        exit

.function remove                            ; map, key
        *(u32 *)(r10 - 4) = r2
        r2 = r10
        r2 += -4
        call map_delete_elem
        exit

.function get                               ; map, key -> value, or -1
        *(u32 *)(r10 - 4) = r2
        r2 = r10
        r2 += -4
        call map_lookup_elem
        if r0 != 0 goto there
        r0 = -1
        exit
there:  r0 = *(u64 *)(r0 + 0)
        exit
