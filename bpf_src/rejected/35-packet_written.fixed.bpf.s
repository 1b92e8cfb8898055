; Only read the packet.

.license "GPL"

.equ DATA, 76
.equ DATA_END, 80

.program packet_written, "cgroup_skb/ingress"
        r2 = *(u32 *)(r1 + DATA)
        r3 = *(u32 *)(r1 + DATA_END)
        r4 = r2
        r4 += 1
        if r4 > r3 goto pass
        r1 = *(u8 *)(r2 + 0)
pass:   r0 = 1
        exit
