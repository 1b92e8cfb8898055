; Load a field that exists: len, at offset 0.

.license "GPL"

.program past_the_context, "tc"
        r0 = *(u32 *)(r1 + 0)
        exit
