; A callback returns a value that is not allowed.
;
; The function that bpf_loop calls must return 0 to continue or 1 to stop. Look at r0 at the end of
; the callback.
;
; rawbpf: rule RB-V051
; rawbpf: kernel 5.17

.license "GPL"

.program wrong_callback_return, "tc"
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
