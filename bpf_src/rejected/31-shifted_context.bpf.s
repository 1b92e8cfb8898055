; The context pointer is moved before it is given away.
;
; Helpers that take the context want the one that the program was given. A pointer into the middle
; of it is of no use to them. Look at r1 before the call.
;
; rawbpf: rule RB-V010

.license "GPL"

.program shifted_context, "tc"
        r1 += 8
        r2 = 0
        r3 = r10
        r3 += -8
        r4 = 8
        call skb_load_bytes
        r0 = 0
        exit
