; A write to a constant.
;
; The contents of .rodata are frozen before the program is loaded, so that the verifier can rely on
; them. Look at the section of the variable.
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
