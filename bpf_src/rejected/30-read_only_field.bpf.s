; A field of the context is written that can only be read.
;
; XDP programs may move the borders of a packet by helpers, which check them, but not by a store
; into the context. Look at which field is at offset 0: data.
;
; rawbpf: rule RB-V033

.license "GPL"

.program read_only_field, "xdp"
        r2 = 0
        *(u32 *)(r1 + 0) = r2
        r0 = XDP_PASS
        exit
