; Caller and function together use more than 512 bytes of stack.
;
; Each frame could have 512 bytes, but all that are in use at the same time share the same 512.
; The verifier adds them up along each chain of calls. Look at the lowest offset in each.
;
; rawbpf: rule RB-V045

.license "GPL"

.program stacks_too_large, "tc"
        r1 = 1
        *(u64 *)(r10 - 304) = r1
        call deeper
        exit

.function deeper
        r1 = 2
        *(u64 *)(r10 - 304) = r1
        r0 = 0
        exit
