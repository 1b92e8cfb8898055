; A helper for GPL programs is called by a program with another licence.
;
; The kernel lends some of its helpers, nearly all of those for tracing, only to programs whose
; licence is compatible with the GPL. Look at the first line of the program.
;
; rawbpf: rule RB-V032

.license "Proprietary"

.program gpl_only, "kprobe/do_exit"
        r1 = r10
        r1 += -8
        r2 = 8
        r3 = 0
        call probe_read_kernel
        r0 = 0
        exit
