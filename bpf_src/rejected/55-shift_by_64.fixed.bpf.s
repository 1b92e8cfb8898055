; Shift by fewer bits.

.license "GPL"

.program shift_by_64, "tc"
        r0 = 1
        r0 <<= 63
        exit
