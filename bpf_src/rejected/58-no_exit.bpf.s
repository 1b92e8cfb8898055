; The program ends without an exit.
;
; The last instruction of a program, and of each of its functions, must be an exit or a jump,
; because nothing follows it. Look at the last line.
;
; rawbpf: rule RB-V050

.license "GPL"

.program no_exit, "tc"
        r0 = 0
