; A kernel address is returned.
;
; A program that may not read kernel memory (no CAP_PERFMON) must not reveal kernel addresses
; either, because attackers need them. Look at what r0 holds at exit. This program is loaded without
; that capability.
;
; rawbpf: rule RB-V035
; rawbpf: without CAP_PERFMON

.license "GPL"

.program leaked_pointer, "socket"
        r0 = r10
        exit
