; Eight bytes are stored at an offset that is not a multiple of eight.
;
; The verifier tracks the stack in slots of eight bytes, and this store would cover half of one slot
; and half of the next. Some processors do not support unaligned stores at all. Look at the offset
; modulo the size.
;
; rawbpf: rule RB-V014

.license "GPL"

.program misaligned, "tc"
        r1 = 1
        *(u64 *)(r10 - 12) = r1
        r0 = 0
        exit
