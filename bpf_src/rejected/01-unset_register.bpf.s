; An uninitialized register is read.
;
; When a program starts, only r1 (the context) and r10 (the end of the stack) are initialized. The
; verifier tracks every register from there, and rejects a read of a register that may hold whatever
; the kernel left in it. Look for a write to r2: there is none on any path.
;
; rawbpf: rule RB-V001

.license "GPL"

.program unset_register, "tc"
        r0 = r2
        exit
