; A helper is to read bytes of the stack that were never written.
;
; The stack holds what was there before: perhaps a secret of the kernel. The key has four bytes,
; and only two of them are written. Since 6.3 those who may read kernel memory anyway
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
