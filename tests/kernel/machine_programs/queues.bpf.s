; kernel 5.8
; Queues and stacks: their order, pushing to a full one with and without BPF_EXIST, popping from an empty one.

.license "GPL"
.map line, queue, value=u64, entries=2
.map pile, stack, value=u64, entries=2
.data
result: .zero 128

.program queues, "tc"
        r9 = result ll
        r6 = line ll
        r8 = 0
again:  *(u64 *)(r10 - 8) = 11
        r1 = r6
        r2 = r10
        r2 += -8
        r3 = BPF_ANY
        call map_push_elem
        *(u32 *)(r9 + 0) = r0
        *(u64 *)(r10 - 8) = 22
        r1 = r6
        r2 = r10
        r2 += -8
        r3 = BPF_ANY
        call map_push_elem
        *(u32 *)(r9 + 4) = r0
        *(u64 *)(r10 - 8) = 33
        r1 = r6
        r2 = r10
        r2 += -8
        r3 = BPF_ANY                        ; full: -E2BIG
        call map_push_elem
        *(u32 *)(r9 + 8) = r0
        r1 = r6
        r2 = r10
        r2 += -8
        r3 = BPF_EXIST                      ; removes the oldest
        call map_push_elem
        *(u32 *)(r9 + 12) = r0
        r1 = r6
        r2 = r10
        r2 += -8
        r3 = BPF_NOEXIST                    ; -EINVAL
        call map_push_elem
        *(u32 *)(r9 + 16) = r0
        r1 = r6
        r2 = r10
        r2 += -8
        call map_peek_elem
        *(u32 *)(r9 + 20) = r0
        r1 = *(u64 *)(r10 - 8)
        *(u64 *)(r9 + 32) = r1
        r1 = r6
        r2 = r10
        r2 += -8
        call map_pop_elem
        r1 = *(u64 *)(r10 - 8)
        *(u64 *)(r9 + 40) = r1
        r1 = r6
        r2 = r10
        r2 += -8
        call map_pop_elem
        r1 = *(u64 *)(r10 - 8)
        *(u64 *)(r9 + 48) = r1
        r1 = r6
        r2 = r10
        r2 += -8
        call map_pop_elem                   ; empty: -ENOENT, and zeros
        *(u32 *)(r9 + 24) = r0
        r1 = *(u64 *)(r10 - 8)
        *(u64 *)(r9 + 56) = r1
        if r8 != 0 goto out
        r8 = 1
        r6 = pile ll
        r9 += 64
        goto again
out:    r0 = 0
        exit
