; An atomic operation on the context.
;
; Loads and stores of the context are translated field by field, into whatever the kernel's
; structure is like. There is no translation for an atomic addition. Look at what r1 points to.
;
; rawbpf: rule RB-V024

.license "GPL"

.program atomic_on_context, "tc"
        r2 = 1
        lock *(u32 *)(r1 + 48) += r2
        r0 = 0
        exit
