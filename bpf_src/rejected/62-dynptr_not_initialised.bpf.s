; A dynptr is read before it is initialized.
;
; A dynptr is a 16-byte object on the stack: a pointer with its size and its access rights. Only
; helpers may write and read it. The verifier tracks which stack slots hold a dynptr. Look for the
; helper that initializes it.
;
; rawbpf: rule RB-V053
; rawbpf: kernel 5.19

.license "GPL"

.program dynptr_not_initialised, "tc"
        r1 = 0
        *(u64 *)(r10 - 16) = r1
        *(u64 *)(r10 - 8) = r1
        r1 = r10
        r1 += -24
        r2 = 8
        r3 = r10
        r3 += -16
        r4 = 0
        r5 = 0
        call dynptr_read
        r0 = 0
        exit
