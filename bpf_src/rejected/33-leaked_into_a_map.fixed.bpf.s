; Store a number.

.license "GPL"

.data
where:  .quad 0

.program leaked_into_a_map, "socket"
        r2 = where ll
        r1 = *(u32 *)(r1 + 0)
        *(u64 *)(r2 + 0) = r1
        r0 = 0
        exit
