; The context pointer is changed before it is passed to a helper.
;
; Helpers that take the context need the pointer that the program received. They cannot use a
; pointer into the middle of the context. Look at r1 before the call.
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
