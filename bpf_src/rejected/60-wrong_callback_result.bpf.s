; A callback returns a number that means nothing.
;
; The function that bpf_loop calls returns 0 to go on or 1 to stop. Look at its r0.
;
; rawbpf: rule RB-V051
; rawbpf: kernel 5.17

.license "GPL"

.program wrong_callback_result, "tc"
        r1 = 10
        r2 = each ll
        r3 = 0
        r4 = 0
        call loop
        r0 = 0
        exit

.function each
        r0 = 5
        exit
