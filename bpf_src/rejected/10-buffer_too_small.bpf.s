; A helper is told that a buffer on the stack is larger than it is.
;
; bpf_get_current_comm writes as many bytes as r2 says. From r10 - 8 on there are eight; the next
; eight would be above the stack, where the caller's frame is. Look at both, address and size.
;
; rawbpf: rule RB-V006

.license "GPL"

.program buffer_too_small, "kprobe/do_exit"
        r1 = r10
        r1 += -8
        r2 = 16
        call get_current_comm
        r0 = 0
        exit
