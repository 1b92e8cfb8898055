; A load past the end of a map value.
;
; The value has eight bytes, 0 to 7. The memory after it belongs to another entry or another map.
; The verifier knows the size from the map. Look at the offset: there is no second eight-byte
; number.
;
; rawbpf: rule RB-V007

.license "GPL"

.map counts, array, key=u32, value=u64, entries=4

.program past_the_value, "tc"
        *(u32 *)(r10 - 4) = 1
        r1 = counts ll
        r2 = r10
        r2 += -4
        call map_lookup_elem
        if r0 == 0 goto out
        r1 = *(u64 *)(r0 + 8)
out:    r0 = 0
        exit
