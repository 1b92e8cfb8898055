; The program ends without a result.
;
; What is in r0 at exit is what the program returns, and the kernel acts on it: for tc it decides
; what happens to the packet. So r0 has to be written on every path. Look at the path that jumps
; to the exit.
;
; rawbpf: rule RB-V001

.license "GPL"

.program unset_result, "tc"
        r1 = *(u32 *)(r1 + 0)
        if r1 > 100 goto out
        r0 = 0
out:    exit
