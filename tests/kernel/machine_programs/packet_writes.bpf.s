; kernel 5.8
; Direct packet access: fields of the context point to the packet, which can be read and written.

.license "GPL"
.data
result: .zero 16

.program packet_writes, "tc"
        r2 = *(u32 *)(r1 + 76)              ; data
        r3 = *(u32 *)(r1 + 80)              ; data_end
        r4 = *(u32 *)(r1 + 0)               ; len
        r6 = result ll
        *(u64 *)(r6 + 0) = r4
        r4 = *(u32 *)(r1 + 16)              ; protocol, in network byte order
        *(u64 *)(r6 + 8) = r4
        r5 = r2
        r5 += 20
        if r5 > r3 goto out
        r0 = *(u32 *)(r2 + 14)
        *(u16 *)(r2 + 3) = 0x1234
        r1 = *(u64 *)(r2 + 1)
        r0 ^= r1
        exit
out:    r0 = -1
        exit
