; The length check covers fewer bytes than the program reads.
;
; The comparison proves that 14 bytes exist, 0 to 13. The load reads four bytes at offset 12, which
; are bytes 12 to 15. In the log, r=14 is the number of proven bytes. Compare the two numbers.
;
; rawbpf: rule RB-V008

.license "GPL"

.equ DATA, 0
.equ DATA_END, 4

.program packet_checked_too_little, "xdp"
        r2 = *(u32 *)(r1 + DATA)
        r3 = *(u32 *)(r1 + DATA_END)
        r4 = r2
        r4 += 14
        if r4 > r3 goto pass
        r1 = *(u32 *)(r2 + 12)
pass:   r0 = XDP_PASS
        exit
