; A call to a helper that does not exist.
;
; A helper is called by its number, and no kernel has a helper with this number. A program that was
; built for a newer kernel fails in the same way on an older one. Look at the number.
;
; rawbpf: rule RB-V030

.license "GPL"

.program unknown_helper, "tc"
        call 9999
        r0 = 0
        exit
