; Make it a socket filter.

.license "GPL"

.program packet_load_in_kprobe, "socket"
        r6 = r1
        r0 = *(u32 *)skb[0]
        exit
