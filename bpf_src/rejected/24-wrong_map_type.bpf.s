; A map is passed to a helper that does not support its type.
;
; bpf_map_lookup_elem finds no values in a PERF_EVENT_ARRAY, which holds ring buffers. A table in
; the verifier says which helpers work with which map types. Look at the type of the map.
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
