; A jump out of the program.
;
; The program has no instructions after the last one. A jump offset counts slots of eight bytes,
; from the instruction after the jump. Look at the offset.
;
; rawbpf: rule RB-V047

.license "GPL"

.program jump_too_far, "tc"
        r0 = 0
        if r1 == 0 goto +5
        r0 = 1
        exit
