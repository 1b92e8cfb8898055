; The program exits without a return value.
;
; r0 holds the return value at exit, and the kernel acts on it: for tc, it decides what happens to
; the packet. r0 must therefore be written on every path. Look at the path that jumps to the exit.
;
; rawbpf: rule RB-V001

.license "GPL"

.program no_return_value, "tc"
        r1 = *(u32 *)(r1 + 0)
        if r1 > 100 goto out
        r0 = 0
out:    exit
