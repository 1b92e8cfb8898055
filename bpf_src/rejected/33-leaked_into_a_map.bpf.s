; A kernel address is stored in a map.
;
; Whoever may read the map could read it there. Without CAP_PERFMON, under which this is loaded,
; only numbers may be stored. Look at what r1 is.
;
; rawbpf: rule RB-V035
; rawbpf: without CAP_PERFMON

.license "GPL"

.data
where:  .quad 0

.program leaked_into_a_map, "socket"
        r2 = where ll
        *(u64 *)(r2 + 0) = r1
        r0 = 0
        exit
