; A helper is told a size that has no bound.
;
; The size may be any 32-bit number, while the buffer has 64 bytes. The verifier computes the
; largest that the size can be, and there is none. Look at r2: nothing says how large it is.
;
; rawbpf: rule RB-V012

.license "GPL"

.data
buffer: .zero 64

.program size_unbounded, "kprobe/do_exit"
        call get_prandom_u32
        w2 = w0
        r1 = buffer ll
        r3 = 0
        call probe_read_kernel
        r0 = 0
        exit
