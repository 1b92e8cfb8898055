; A load of a map by a file descriptor that is none.
;
; In the instructions that are given to the kernel, a map is a 64-bit load with its file
; descriptor. A loader puts it in; here the number stands in the text, and nothing is open under
; it. Look at the load.
;
; rawbpf: rule RB-V049

.license "GPL"

.map counts, array, key=u32, value=u64, entries=1

.program no_such_map, "tc"
        r1 = map_by_fd(60000) ll
        r0 = 0
        exit
