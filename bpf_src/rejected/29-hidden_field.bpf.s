; A load of a context field that this program type may not read.
;
; Many program types share struct __sk_buff, but not every field is available to each of them. A
; socket filter may not read data, at offset 76, because it may access the packet only with helpers.
; Look at the section and at the offset.
;
; rawbpf: rule RB-V033

.license "GPL"

.equ DATA, 76

.program hidden_field, "socket"
        r0 = *(u32 *)(r1 + DATA)
        exit
