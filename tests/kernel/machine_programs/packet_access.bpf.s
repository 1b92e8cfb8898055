; kernel 5.8
; Packet access inherited from classic BPF: all sizes, absolute and indirect, from the start of
; the packet, from its network header (-0x100000) and from its link layer (-0x200000).

.license "GPL"
.data
result: .zero 80

.program packet_access, "tc"
        r6 = r1
        r7 = result ll
        r0 = *(u8 *)skb[0]
        *(u64 *)(r7 + 0) = r0
        r0 = *(u16 *)skb[1]
        *(u64 *)(r7 + 8) = r0
        r0 = *(u32 *)skb[13]
        *(u64 *)(r7 + 16) = r0
        r8 = 20
        r0 = *(u8 *)skb[r8]
        *(u64 *)(r7 + 24) = r0
        r0 = *(u16 *)skb[r8 + 4]
        *(u64 *)(r7 + 32) = r0
        r0 = *(u32 *)skb[r8 - 7]
        *(u64 *)(r7 + 40) = r0
        r0 = *(u32 *)skb[-0x100000]
        *(u64 *)(r7 + 48) = r0
        r0 = *(u16 *)skb[-0x200000 + 12]
        *(u64 *)(r7 + 56) = r0
        r8 = 0x100000014 ll                 ; only the lower half is used
        r0 = *(u8 *)skb[r8]
        *(u64 *)(r7 + 64) = r0
        r0 = *(u32 *)skb[61]                ; past the end: the program ends with r0 = 0
        *(u64 *)(r7 + 72) = 1
        r0 = 7
        exit
