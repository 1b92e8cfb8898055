; What a lookup returns is used without asking whether there is anything.
;
; bpf_map_lookup_elem returns the address of the value, or NULL if the key is not there. The
; verifier cannot know the map's contents, so it calls the result map_value_or_null until a
; comparison with 0 has told the two apart. Look for the comparison.
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
