; A field of the context that this program type may not see.
;
; struct __sk_buff is shared by many program types, and not every field makes sense in each. A
; socket filter may not look at data, which is at 76: it has no direct access to packets, only
; helpers. Look at the section and the offset.
;
; rawbpf: rule RB-V033

.license "GPL"

.equ DATA, 76

.program hidden_field, "socket"
        r0 = *(u32 *)(r1 + DATA)
        exit
