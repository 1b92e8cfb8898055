; The frame pointer is written.
;
; r10 never changes, because all stack memory is addressed relative to it. Look at the destination
; of the first instruction.
;
; rawbpf: rule RB-V005

.license "GPL"

.program frame_pointer_written, "tc"
        r10 += -8
        r1 = 1
        *(u64 *)(r10 + 0) = r1
        r0 = 0
        exit
