; The number of a helper that does not exist.
;
; A call without a function of the program's own names a helper by its number, and no kernel has
; one with this number. A program that was built for a newer kernel ends the same way on an older
; one. Look at the number.
;
; rawbpf: rule RB-V030

.license "GPL"

.program unknown_helper, "tc"
        call 9999
        r0 = 0
        exit
