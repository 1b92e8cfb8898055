; A callback: the helper bpf_loop calls the function `each` a hundred times (Linux 5.17).
;
; `sum ll` loads the address of a variable, and `each ll` loads the address of a function. Both are
; the same instruction. They differ in the src field, which the loader sets.

.license "Dual MIT/GPL"

.data
sum:    .quad 0

.program callback, "socket"
        r1 = 100                            ; number of calls
        r2 = each ll
        r3 = r10                            ; passed to each call as its second argument
        r4 = 0
        call loop
        r1 = sum ll
        r0 = *(u64 *)(r1 + 0)
        exit

.function each                              ; r1: index, r2: the r3 of the caller
        r2 = sum ll
        lock *(u64 *)(r2 + 0) += r1
        r0 = 0                              ; 1 would stop the loop
        exit
