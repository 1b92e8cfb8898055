; Read the packet with a packet load instruction.

.license "GPL"

.equ DATA, 76

.program hidden_field, "socket"
        r6 = r1
        r0 = *(u32 *)skb[0]
        exit
