; Return 0 or 1.

.license "GPL"

.program wrong_callback_return, "tc"
        r1 = 10
        r2 = each ll
        r3 = 0
        r4 = 0
        call loop
        r0 = 0
        exit

.function each
        r0 = 1
        exit
