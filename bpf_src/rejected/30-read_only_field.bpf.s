; A store to a read-only field of the context.
;
; An XDP program may move the start and the end of a packet only with helpers, which check the new
; values, not with a store to the context. Look at which field is at offset 0: data.
;
; rawbpf: rule RB-V033

.license "GPL"

.program read_only_field, "xdp"
        r2 = 0
        *(u32 *)(r1 + 0) = r2
        r0 = XDP_PASS
        exit
