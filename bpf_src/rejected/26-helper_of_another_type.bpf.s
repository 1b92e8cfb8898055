; A helper is called that programs of this type do not get.
;
; Each program type has its list of helpers. Moving the head of a packet makes sense where there
; is a bare packet, in XDP; a tc program has an sk_buff, which is changed in other ways. Look at
; the program's section.
;
; rawbpf: rule RB-V031

.license "GPL"

.program helper_of_another_type, "tc"
        r2 = -4
        call xdp_adjust_head
        r0 = 0
        exit
