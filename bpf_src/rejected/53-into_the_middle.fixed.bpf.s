; Count the load as two slots.

.license "GPL"

.program into_the_middle, "tc"
        r0 = 0
        if r1 == 0 goto +2
        r0 = 0x1234567890 ll
        exit
