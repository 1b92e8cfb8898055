; A GPL-only helper is called by a program with another licence.
;
; The kernel allows some helpers, including nearly all tracing helpers, only in programs with a GPL-
; compatible licence. Look at the first line of the program.
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
