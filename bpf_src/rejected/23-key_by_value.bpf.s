; A key is passed by value instead of by pointer.
;
; The helper reads the key from memory, because a key may have any size. A number is not a pointer.
; Look at r2.
;
; rawbpf: rule RB-V015

.license "GPL"

.map counts, array, key=u32, value=u64, entries=1

.program key_by_value, "tc"
        r1 = counts ll
        r2 = 1
        call map_lookup_elem
        r0 = 0
        exit
