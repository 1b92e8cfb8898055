; A kernel address is returned.
;
; A program that may not read kernel memory (no CAP_PERFMON) must not tell anybody where it is
; either: addresses are what an attacker of the kernel wants first. Look at what r0 is at exit.
; The program is loaded without that capability.
;
; rawbpf: rule RB-V035
; rawbpf: without CAP_PERFMON

.license "GPL"

.program leaked_pointer, "socket"
        r0 = r10
        exit
