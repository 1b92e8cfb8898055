; Memory is read through a number.
;
; A number may be an address, but the verifier does not know what it points to, how large that
; object is, and whether it still exists. bpf_probe_read_kernel can copy kernel memory from such an
; address, and returns an error if the address is invalid. Look at where r0 comes from:
; bpf_get_current_task returns a number.
;
; rawbpf: rule RB-V011

.license "GPL"

.program number_as_pointer, "kprobe/do_exit"
        call get_current_task
        r1 = *(u64 *)(r0 + 0)
        r0 = 0
        exit
