; A load past the end of the context.
;
; The context is a structure that the program type defines. For tc it is struct __sk_buff, which has
; fewer than 200 bytes. The kernel translates loads from it field by field, so nothing exists after
; the last field. Look at the offset.
;
; rawbpf: rule RB-V033

.license "GPL"

.program past_the_context, "tc"
        r0 = *(u32 *)(r1 + 400)
        exit
