; Memory is read through a number.
;
; A number that was read from somewhere may be the address of something, but the verifier does not
; know of what, how large it is, and whether it still exists. Kernel memory at a bare address can
; be copied by bpf_probe_read_kernel, which survives a wrong one. Look at where r2 comes from:
; bpf_get_current_task returns a number.
;
; rawbpf: rule RB-V011

.license "GPL"

.program number_as_pointer, "kprobe/do_exit"
        call get_current_task
        r1 = *(u64 *)(r0 + 0)
        r0 = 0
        exit
