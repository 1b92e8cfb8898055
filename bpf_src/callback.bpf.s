; A function handed to a helper: bpf_loop calls `each` a hundred times (Linux 5.17).
;
; `sum ll` is the address of a variable, `each ll` that of a function: the same instruction, told
; apart by its src field, which the loader sets.

.license "Dual MIT/GPL"

.data
sum:    .quad 0

.program callback, "socket"
        r1 = 100                            ; how often
        r2 = each ll
        r3 = r10                            ; what each call gets as its second argument
        r4 = 0
        call loop
        r1 = sum ll
        r0 = *(u64 *)(r1 + 0)
        exit

.function each                              ; r1 = index, r2 = what r3 was
        r2 = sum ll
        lock *(u64 *)(r2 + 0) += r1
        r0 = 0                              ; 1 would end the loop
        exit
