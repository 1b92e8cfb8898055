; A function calls itself.
;
; Each call takes a stack frame, and there are only eight. The depth of a recursion is known only at
; run time, so the verifier follows it until no frames are left. Older kernels, and newer ones
; again, reject recursion before they follow any path. Look at the last call.
;
; rawbpf: rule RB-V040
; rawbpf: rule RB-V040 until 6.2
; rawbpf: rule RB-V044 until 7.0

.license "GPL"

.program recursion, "tc"
        r1 = *(u32 *)(r1 + 0)
        call sum
        exit

.function sum
        r0 = 0
        if r1 == 0 goto out
        r1 -= 1
        call sum
        r0 += 1
out:    exit
