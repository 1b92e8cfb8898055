; Pass packets that are shorter than an Ethernet header.

.license "GPL"

.equ DATA, 0
.equ DATA_END, 4

.program packet_not_checked, "xdp"
        r2 = *(u32 *)(r1 + DATA)
        r3 = *(u32 *)(r1 + DATA_END)
        r4 = r2
        r4 += 14
        if r4 > r3 goto pass
        r1 = *(u16 *)(r2 + 12)
pass:   r0 = XDP_PASS
        exit
