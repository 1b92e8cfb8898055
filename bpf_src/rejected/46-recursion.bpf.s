; A function calls itself.
;
; Each call takes a frame of the stack, and of those there are eight. How deep a recursion goes is
; decided when the program runs, so the verifier walks into it until the frames are used up; older
; kernels refuse the shape, and newer ones again. Look at the last call.
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
