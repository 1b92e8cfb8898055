; A call destroyed the register that is read after it.
;
; Helpers get their arguments in r1 to r5 and may leave anything there. Only r6 to r9 survive a
; call. Look at what lies between the last write of r1 and its use.
;
; rawbpf: rule RB-V001

.license "GPL"

.program lost_in_a_call, "tc"
        call ktime_get_ns
        r0 = *(u32 *)(r1 + 0)
        exit
