; Check as many bytes as are read.

.license "GPL"

.equ DATA, 0
.equ DATA_END, 4

.program packet_checked_too_little, "xdp"
        r2 = *(u32 *)(r1 + DATA)
        r3 = *(u32 *)(r1 + DATA_END)
        r4 = r2
        r4 += 16
        if r4 > r3 goto pass
        r1 = *(u32 *)(r2 + 12)
pass:   r0 = XDP_PASS
        exit
