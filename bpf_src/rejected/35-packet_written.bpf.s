; A packet is written by a program that may only read it.
;
; A cgroup program decides whether a packet may pass. Other code may hold the same packet at this
; point, so the program must not change it. Look at the section and at the store.
;
; rawbpf: rule RB-V036

.license "GPL"

.equ DATA, 76
.equ DATA_END, 80

.program packet_written, "cgroup_skb/ingress"
        r2 = *(u32 *)(r1 + DATA)
        r3 = *(u32 *)(r1 + DATA_END)
        r4 = r2
        r4 += 1
        if r4 > r3 goto pass
        r1 = 0
        *(u8 *)(r2 + 0) = r1
pass:   r0 = 1
        exit
