; A constant is written.
;
; What is in .rodata is frozen before the program is loaded, so that the verifier can rely on its
; values. Look at the section that the variable is in.
;
; rawbpf: rule RB-V036

.license "GPL"

.rodata
limit:  .quad 8

.program constant_written, "tc"
        r1 = limit ll
        r2 = 9
        *(u64 *)(r1 + 0) = r2
        r0 = 0
        exit
