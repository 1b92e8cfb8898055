; kernel 5.17
; Callbacks of helpers: the number of calls, what ends them, and invalid arguments.

.license "GPL"
.map slots, array, key=u32, value=u64, entries=4
.map table, hash,  key=u32, value=u64, entries=4
.data
result: .zero 80

.program callbacks, "tc"
        r9 = result ll
        r1 = 10
        r2 = add ll
        r3 = r10
        r4 = 0
        call loop                           ; 0 + 1 + ... 9
        *(u64 *)(r9 + 0) = r0
        r1 = 10
        r2 = stop_at_3 ll
        r3 = r10
        r4 = 0
        call loop
        *(u64 *)(r9 + 8) = r0
        r1 = 0x800001                       ; more than BPF_MAX_LOOPS: -E2BIG
        r2 = add ll
        r3 = r10
        r4 = 0
        call loop
        *(u32 *)(r9 + 16) = r0              ; the inlined version (5.19) clears the upper half
        r1 = 10
        r2 = add ll
        r3 = r10
        r4 = 1                              ; unknown flag: -EINVAL
        call loop
        *(u64 *)(r9 + 24) = r0
        r1 = slots ll
        r2 = number ll
        r3 = r10
        r4 = 0
        call for_each_map_elem
        *(u64 *)(r9 + 32) = r0
        r1 = table ll
        r2 = number ll                      ; empty: never called
        r3 = r10
        r4 = 0
        call for_each_map_elem
        *(u64 *)(r9 + 40) = r0
        r0 = 0
        exit

.function add                               ; index, context
        r2 = result ll
        r3 = *(u64 *)(r2 + 48)
        r3 += r1
        *(u64 *)(r2 + 48) = r3
        r0 = 0
        exit

.function stop_at_3
        r0 = 0
        if r1 != 3 goto on
        r0 = 1
on:     exit

.function number                            ; map, key, value, context
        r4 = result ll
        r1 = *(u32 *)(r2 + 0)
        *(u64 *)(r3 + 0) = r1
        r5 = *(u64 *)(r4 + 56)
        r5 <<= 4
        r5 |= r1
        *(u64 *)(r4 + 56) = r5
        r0 = 0
        if r1 != 2 goto go_on
        r0 = 1                              ; stop before the last
go_on:  exit
