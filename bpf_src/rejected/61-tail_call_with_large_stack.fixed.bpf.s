; Use less stack in the caller.

.license "GPL"

.map programs, prog_array, entries=4

.program tail_call_with_large_stack, "tc"
        r2 = 1
        *(u64 *)(r10 - 104) = r2
        call next
        r0 = 0
        exit

.function next
        r2 = programs ll
        r3 = 0
        call tail_call
        r0 = 0
        exit
