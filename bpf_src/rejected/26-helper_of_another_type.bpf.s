; A call to a helper that this program type does not have.
;
; Each program type has its own list of helpers. An XDP program works on the raw packet and can move
; its start. A tc program works on an sk_buff, which other helpers change. Look at the section of
; the program.
;
; rawbpf: rule RB-V031

.license "GPL"

.program helper_of_another_type, "tc"
        r2 = -4
        call xdp_adjust_head
        r0 = 0
        exit
