; A helper that may sleep is called in a non-sleepable program.
;
; bpf_copy_from_user waits until a page of the process is in memory. A program may sleep only if its
; section says so and its attach point allows it. Look at the section.
;
; rawbpf: rule RB-V038
; rawbpf: rule RB-V031 until 6.1
; rawbpf: kernel 5.10

.license "GPL"

.program sleep_in_atomic, "lsm/bprm_committed_creds"
        r1 = r10
        r1 += -8
        r2 = 8
        r3 = 0
        call copy_from_user
        r0 = 0
        exit
