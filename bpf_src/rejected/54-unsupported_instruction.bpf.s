; An instruction that this kernel does not support.
;
; Some fields of an instruction must be zero unless a newer instruction set uses them. Here, the
; offset of a move means: cast a pointer to an arena, a kind of map that this program does not have.
; Older kernels report that a reserved field is used, newer ones that there is no arena.
;
; rawbpf: rule RB-V048

.license "GPL"

.program unsupported_instruction, "tc"
        r2 = addr_space_cast(r1, 0, 1)
        r0 = 0
        exit
