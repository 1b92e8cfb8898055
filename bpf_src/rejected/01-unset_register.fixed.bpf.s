; Initialize the register first.

.license "GPL"

.program unset_register, "tc"
        r2 = 0
        r0 = r2
        exit
