; The result of a map lookup is used without a NULL check.
;
; bpf_map_lookup_elem returns the address of the value, or NULL if the key is not in the map. The
; verifier cannot know the contents of the map, so the type of the result is map_value_or_null until
; the program compares it with 0. Look for this comparison.
;
; rawbpf: rule RB-V003

.license "GPL"

.map counts, hash, key=u32, value=u64, entries=16

.program null_not_checked, "tc"
        *(u32 *)(r10 - 4) = 1
        r1 = counts ll
        r2 = r10
        r2 += -4
        call map_lookup_elem
        r1 = *(u64 *)(r0 + 0)
        r0 = 0
        exit
