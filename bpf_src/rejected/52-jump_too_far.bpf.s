; A jump leads out of the program.
;
; Behind the last instruction there is nothing of the program any more. Distances count from the
; instruction behind the jump, in slots of eight bytes. Look at the distance.
;
; rawbpf: rule RB-V047

.license "GPL"

.program jump_too_far, "tc"
        r0 = 0
        if r1 == 0 goto +5
        r0 = 1
        exit
