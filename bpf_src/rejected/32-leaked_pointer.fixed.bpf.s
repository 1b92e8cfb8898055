; Return a number.

.license "GPL"

.program leaked_pointer, "socket"
        r0 = 0
        exit
