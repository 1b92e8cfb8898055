; A store below the stack.
;
; A program has 512 bytes of stack, from r10 - 512 to r10. Memory outside this range belongs to the
; kernel. Look at the offset.
;
; rawbpf: rule RB-V006

.license "GPL"

.program below_the_stack, "tc"
        r1 = 1
        *(u64 *)(r10 - 520) = r1
        r0 = 0
        exit
