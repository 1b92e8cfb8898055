; A loop whose end depends on chance.
;
; Every iteration is a different path, because the counter differs, and every iteration may leave
; the loop or continue. The verifier stores the branches that it still has to follow, and gives up
; when there are more than 8192. Look for a condition that is certain to end the loop.
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
