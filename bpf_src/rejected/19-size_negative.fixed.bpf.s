; Exclude sizes below 1 as well.

.license "GPL"

.data
size:   .quad 8
buffer: .zero 64

.program size_negative, "tc"
        r4 = size ll
        r4 = *(u64 *)(r4 + 0)
        if r4 s> 64 goto out
        if r4 s< 1 goto out
        r2 = 0
        r3 = buffer ll
        call skb_load_bytes
out:    r0 = 0
        exit
