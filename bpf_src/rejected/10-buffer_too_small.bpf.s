; A helper is told that a stack buffer is larger than it is.
;
; bpf_get_current_comm writes as many bytes as r2 says. Only eight bytes lie between r10 - 8 and the
; end of the stack. The next eight bytes are above the stack, in the caller's frame. Look at both
; the address and the size.
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
