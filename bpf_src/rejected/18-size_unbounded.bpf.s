; A helper is passed a size without an upper bound.
;
; The size may be any 32-bit number, but the buffer has only 64 bytes. The verifier checks the
; largest possible value of the size. Look for an instruction that limits r2.
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
