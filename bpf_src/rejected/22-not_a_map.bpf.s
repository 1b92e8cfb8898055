; A helper receives a pointer of the wrong type.
;
; The first argument of bpf_map_lookup_elem is a map. Every helper declares the types of its
; arguments, and the verifier checks them. Look at r1: it is a pointer to the stack.
;
; rawbpf: rule RB-V015

.license "GPL"

.map counts, array, key=u32, value=u64, entries=1

.program not_a_map, "tc"
        *(u32 *)(r10 - 4) = 0
        r1 = r10
        r1 += -4
        r2 = r10
        r2 += -4
        call map_lookup_elem
        r0 = 0
        exit
