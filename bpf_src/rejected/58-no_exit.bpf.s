; The program runs out of its end.
;
; The last instruction of a program and of each of its functions must be an exit, or a jump;
; behind it there is nothing to go on with. Look at the last line.
;
; rawbpf: rule RB-V050

.license "GPL"

.program no_exit, "tc"
        r0 = 0
