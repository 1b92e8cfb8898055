; An instruction is unreachable.
;
; The verifier must check every instruction of a program. Compilers remove unreachable code; in
; assembly, it usually means that a jump or a label is missing. Look at what follows the exit.
;
; rawbpf: rule RB-V046

.license "GPL"

.program unreachable, "tc"
        r0 = 0
        exit
        r0 = 1
        exit
