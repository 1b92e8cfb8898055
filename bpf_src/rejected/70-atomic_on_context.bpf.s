; An atomic operation on the context.
;
; The kernel translates loads and stores of the context, field by field, into accesses to its own
; structures. It has no such translation for an atomic addition. Look at what r1 points to.
;
; rawbpf: rule RB-V024

.license "GPL"

.program atomic_on_context, "tc"
        r2 = 1
        lock *(u32 *)(r1 + 48) += r2
        r0 = 0
        exit
