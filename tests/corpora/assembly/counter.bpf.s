; Count calls of a kernel function by the name of the calling thread.
;
; The kernel copies the name, 16 bytes, to the stack, where it serves as the key. A new key gets the
; value 1. For an existing key, 1 is added atomically, because two CPUs may count at the same time.

.license "Dual MIT/GPL"

.equ COMM, 16                               ; TASK_COMM_LEN

.map calls, hash, key=COMM, value=u64, entries=1024

.program count_by_comm, "kprobe/do_sys_openat2"
        r1 = r10
        r1 += -COMM
        r2 = COMM
        call get_current_comm               ; write the name to the stack
        r1 = calls ll
        r2 = r10
        r2 += -COMM
        call map_lookup_elem
        if r0 == 0 goto new
        r1 = 1
        lock *(u64 *)(r0 + 0) += r1
        goto out
new:    *(u64 *)(r10 - COMM - 8) = 1        ; the value, below the key
        r1 = calls ll
        r2 = r10
        r2 += -COMM
        r3 = r10
        r3 += -COMM - 8
        r4 = BPF_NOEXIST                    ; do not overwrite a key that another CPU added
        call map_update_elem
out:    r0 = 0
        exit
