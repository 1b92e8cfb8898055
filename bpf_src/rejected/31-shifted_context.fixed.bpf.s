; Leave the context pointer unchanged.

.license "GPL"

.program shifted_context, "tc"
        r2 = 0
        r3 = r10
        r3 += -8
        r4 = 8
        call skb_load_bytes
        r0 = 0
        exit
