; A kernel address is stored in a map.
;
; Anyone who may read the map could read the address. Without CAP_PERFMON, a program may store only
; numbers, and this program is loaded without that capability. Look at what r1 holds.
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
