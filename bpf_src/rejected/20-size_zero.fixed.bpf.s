; Skip the call if the size is 0.

.license "GPL"

.data
buffer: .zero 64

.program size_zero, "tc"
        r4 = *(u32 *)(r1 + 0)
        r4 &= 63
        if r4 < 1 goto out
        r2 = 0
        r3 = buffer ll
        call skb_load_bytes
out:    r0 = 0
        exit
