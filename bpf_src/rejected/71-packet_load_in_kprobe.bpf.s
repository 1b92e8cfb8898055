; A packet load in a program that has no packet.
;
; The packet load instructions from classic BPF work on a socket buffer. A kprobe program has
; registers, but no socket buffer. Look at the section.
;
; rawbpf: rule RB-V023

.license "GPL"

.program packet_load_in_kprobe, "kprobe/do_exit"
        r6 = r1
        r0 = *(u32 *)skb[0]
        exit
