; A register is read that nothing has written.
;
; At the start of a program only r1 (the context) and r10 (the end of the stack) hold something.
; The verifier follows each register from there and refuses to read one that may hold whatever the
; kernel left in it. Look at how r2 comes to be: on no path is it written.
;
; rawbpf: rule RB-V001

.license "GPL"

.program unset_register, "tc"
        r0 = r2
        exit
