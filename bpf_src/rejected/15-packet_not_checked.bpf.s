; Packet bytes are read without a check of the packet's length.
;
; A packet lies between two pointers, data and data_end. Its length is not known in advance, so the
; program must compare the end of what it reads with data_end. Look for a comparison with r3.
;
; rawbpf: rule RB-V008

.license "GPL"

.equ DATA, 0
.equ DATA_END, 4

.program packet_not_checked, "xdp"
        r2 = *(u32 *)(r1 + DATA)
        r3 = *(u32 *)(r1 + DATA_END)
        r1 = *(u16 *)(r2 + 12)
        r0 = XDP_PASS
        exit
