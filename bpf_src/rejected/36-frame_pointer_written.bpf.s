; The frame pointer is written.
;
; r10 is the one register that never changes: all of the stack is addressed from it. Look at the
; left side.
;
; rawbpf: rule RB-V005

.license "GPL"

.program frame_pointer_written, "tc"
        r10 += -8
        r1 = 1
        *(u64 *)(r10 + 0) = r1
        r0 = 0
        exit
