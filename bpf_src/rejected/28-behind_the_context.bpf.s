; A load behind the end of the context.
;
; The context is a structure that belongs to the program type; for tc it is struct __sk_buff,
; which has less than 200 bytes. The kernel translates loads from it field by field, so there is
; nothing behind the last. Look at the offset.
;
; rawbpf: rule RB-V033

.license "GPL"

.program behind_the_context, "tc"
        r0 = *(u32 *)(r1 + 400)
        exit
