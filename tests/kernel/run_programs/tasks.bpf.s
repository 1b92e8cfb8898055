; An iterator that writes a line of text for each task.
.license "GPL"

.rodata
line: .ascii "a task\n"

.program list_tasks, "iter/task"
    r1 = *(u64 *)(r1 + 0)        ; ctx->meta
    r1 = *(u64 *)(r1 + 0)        ; meta->seq
    r2 = line ll
    r3 = 7
    call seq_write
    r0 = 0
    exit
