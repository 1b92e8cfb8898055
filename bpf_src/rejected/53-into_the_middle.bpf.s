; A jump into the middle of an instruction.
;
; The load of a 64-bit constant takes two slots, and the second slot is not an instruction. A jump
; offset that counts instructions instead of slots leads there. Look at what is two slots ahead.
;
; rawbpf: rule RB-V047

.license "GPL"

.program into_the_middle, "tc"
        r0 = 0
        if r1 == 0 goto +1
        r0 = 0x1234567890 ll
        exit
