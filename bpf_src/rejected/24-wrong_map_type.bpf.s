; A map of one type goes to a helper for another.
;
; bpf_map_lookup_elem has nothing to look up in a PERF_EVENT_ARRAY: it holds rings, not values.
; Which helpers go with which maps is a table in the verifier. Look at the map's type.
;
; rawbpf: rule RB-V016

.license "GPL"

.map events, perf_event_array

.program wrong_map_type, "tc"
        *(u32 *)(r10 - 4) = 0
        r1 = events ll
        r2 = r10
        r2 += -4
        call map_lookup_elem
        r0 = 0
        exit
