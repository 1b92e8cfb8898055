; Load, add and store instead.

.license "GPL"

.program atomic_on_context, "tc"
        r2 = 1
        r2 = *(u32 *)(r1 + 48)
        r2 += 1
        *(u32 *)(r1 + 48) = r2
        r0 = 0
        exit
