; A tail call from a function whose caller uses a lot of stack.
;
; A tail call replaces the function, but the stack frames of its callers stay, for up to 33 tail
; calls. The callers of a function with a tail call may therefore use at most 256 bytes. Look at the
; lowest offset in the program.
;
; rawbpf: rule RB-V052
; rawbpf: kernel 5.10

.license "GPL"

.map programs, prog_array, entries=4

.program tail_call_with_large_stack, "tc"
        r2 = 1
        *(u64 *)(r10 - 304) = r2
        call next
        r0 = 0
        exit

.function next
        r2 = programs ll
        r3 = 0
        call tail_call
        r0 = 0
        exit
