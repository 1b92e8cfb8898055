; A map is loaded by an invalid file descriptor.
;
; In the instructions that the kernel receives, a map is a 64-bit load of its file descriptor, which
; the loader inserts. Here, the text contains the number itself, but no open file has this number.
; Look at the load.
;
; rawbpf: rule RB-V049

.license "GPL"

.map counts, array, key=u32, value=u64, entries=1

.program no_such_map, "tc"
        r1 = map_by_fd(60000) ll
        r0 = 0
        exit
