; A function and its caller together use more than 512 bytes of stack.
;
; Each frame may have 512 bytes, but all frames that exist at the same time share this limit. The
; verifier adds them up along each call chain. Look at the lowest offset in each function.
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
