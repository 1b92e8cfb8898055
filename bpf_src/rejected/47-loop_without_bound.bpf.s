; A loop whose end depends on chance.
;
; Each time round is another path, since the counter differs, and each may end here or go on. The
; verifier remembers where it still has to look and gives up when that are more than 8192 places.
; Look for what ends the loop for certain.
;
; rawbpf: rule RB-V043

.license "GPL"

.program loop_without_bound, "tc"
        r6 = 0
again:  r6 += 1
        call get_prandom_u32
        if r0 == 7 goto out
        goto again
out:    r0 = 0
        exit
