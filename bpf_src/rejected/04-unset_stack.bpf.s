; A helper would read stack bytes that were never written.
;
; The stack still holds what was there before, which may be a secret of the kernel. The key has four
; bytes, but only two of them are written. Since 6.3, a program that may read kernel memory
; (CAP_PERFMON) may pass such bytes, so this program is loaded without that capability.
;
; rawbpf: rule RB-V002
; rawbpf: without CAP_PERFMON

.license "GPL"

.map counts, array, key=u32, value=u64, entries=4

.program unset_stack, "tc"
        *(u16 *)(r10 - 4) = 0
        r1 = counts ll
        r2 = r10
        r2 += -4
        call map_lookup_elem
        r0 = 0
        exit
