; A load from a packet, in a program that has none.
;
; The old instructions for packets, of before eBPF, work on a socket's buffer. A kprobe has
; registers, and no buffer. Look at the section.
;
; rawbpf: rule RB-V023

.license "GPL"

.program packet_load_elsewhere, "kprobe/do_exit"
        r6 = r1
        r0 = *(u32 *)skb[0]
        exit
