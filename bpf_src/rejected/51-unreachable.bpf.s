; An instruction that nothing leads to.
;
; The verifier wants to have seen all that it lets in. Compilers leave out what cannot be reached;
; in assembly it is mostly a jump or a label that was forgotten. Look at what stands behind the
; exit.
;
; rawbpf: rule RB-V046

.license "GPL"

.program unreachable, "tc"
        r0 = 0
        exit
        r0 = 1
        exit
