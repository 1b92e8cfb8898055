; Eight bytes are stored at an address that is not a multiple of eight.
;
; The verifier remembers the stack in slots of eight bytes. A store across two of them would leave
; both half known, and some machines cannot do it at all. Look at the offset, modulo the size.
;
; rawbpf: rule RB-V014

.license "GPL"

.program misaligned, "tc"
        r1 = 1
        *(u64 *)(r10 - 12) = r1
        r0 = 0
        exit
