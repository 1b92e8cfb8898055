; An instruction that this kernel does not take.
;
; An opcode has fields that must be zero unless a newer instruction set gave them a meaning. Here
; an offset in a move says: cast an address of an arena, a kind of map that this program does not
; have. Older kernels say that a reserved field is used, newer ones that there is no arena.
;
; rawbpf: rule RB-V048

.license "GPL"

.program opcode_of_another_kernel, "tc"
        r2 = addr_space_cast(r1, 0, 1)
        r0 = 0
        exit
