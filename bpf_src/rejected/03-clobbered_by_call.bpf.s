; A register is read after a call clobbered it.
;
; Helpers take their arguments in r1 to r5 and may overwrite these registers. Only r6 to r9 survive
; a call. Look at what happens to r1 before it is used.
;
; rawbpf: rule RB-V001

.license "GPL"

.program clobbered_by_call, "tc"
        call ktime_get_ns
        r0 = *(u32 *)(r1 + 0)
        exit
